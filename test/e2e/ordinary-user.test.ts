/** A user who is nobody in particular, on a machine where nothing was prepared for him: his own copy, his own caches, no root. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, tryRun } from '../../src/process/index.ts';
import { hostState } from '../support/host.ts';
import { root } from '../support/isthmus.ts';

const isRoot = process.getuid?.() === 0;

it.runIf(isRoot)(
  'brings the mesh up from a fresh copy with empty caches, verifies it, and takes it down',
  async () => {
    const before = await hostState();
    const user = `isthmus-${randomBytes(3).toString('hex')}`;
    await run('useradd', ['--create-home', user]);
    const home = `/home/${user}`;
    const copy = join(home, 'isthmus');
    // What the machine needs to reach its package registries stays; what belongs to the runner of the tests does not.
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(ISTHMUS|XDG|NODE_COMPILE|npm_|VITEST|HOME|PATH|USER|LOGNAME|TMPDIR)/.test(name),
    );
    const env = {
      ...Object.fromEntries(kept),
      HOME: home,
      PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      NO_COLOR: '1',
    };
    const asUser = (command: string) =>
      tryRun('runuser', ['-u', user, '--', 'sh', '-c', command], { cwd: '/', env, timeoutMs: 280_000 });
    try {
      await run('sh', [
        '-c',
        `mkdir ${copy} && cd ${root} && git ls-files -z | tar --null --files-from=- -cf - | tar -xf - -C ${copy} && chown -R ${user}: ${copy}`,
      ]);
      const up = await asUser(`${copy}/isthmus up`);
      expect(up.code, up.stdout + up.stderr).toBe(0);
      expect(up.stdout).toContain('stands and is verified');
      const verify = await asUser(`${copy}/isthmus verify -o json`);
      expect(JSON.parse(verify.stdout).ok).toBe(true);
      const down = await asUser(`${copy}/isthmus down`);
      expect(down.code, down.stderr).toBe(0);
      expect(await hostState()).toEqual(before);
    } finally {
      await asUser(`${copy}/isthmus down`);
      await tryRun('pkill', ['-KILL', '-u', user]);
      await tryRun('userdel', ['--remove', user]);
    }
  },
  400_000,
);
