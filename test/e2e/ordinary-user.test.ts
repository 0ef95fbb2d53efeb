/**
 * A user who is nobody in particular, on a machine where nothing was prepared for him: his own copy, his own caches, no root. He types what
 * the README tells him to.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, tryRun } from '../../src/process/index.ts';
import { hostState } from '../support/host.ts';
import { root } from '../support/isthmus.ts';

const isRoot = process.getuid?.() === 0;

/** The commands of each block of the README, in its order. */
function readmeBlocks(): string[] {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
}

it('the README begins with the command that runs it and the one that tests it', () => {
  expect(readmeBlocks().slice(0, 2)).toEqual(['./isthmus up\n', 'npm test\n']);
});

it.runIf(isRoot)(
  'follows the README in a fresh copy with empty caches',
  async () => {
    const user = `isthmus-${randomBytes(3).toString('hex')}`;
    await run('useradd', ['--create-home', user]);
    const home = `/home/${user}`;
    const before = await hostState(home);
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
      const [first = '', , then = ''] = readmeBlocks();
      const up = await asUser(`cd ${copy} && ${first}`);
      expect(up.code, up.stdout + up.stderr).toBe(0);
      expect(up.stdout).toContain('stands and is verified');
      const rest = await asUser(`cd ${copy} && set -ex\n${then}`);
      expect(rest.code, rest.stdout + rest.stderr).toBe(0);
      expect(rest.stdout).toMatch(/istio-system +istio-eastwestgateway-\S+ +1\/1 +Running/);
      expect(rest.stdout).toMatch(/^Hello version: v[12]/m);
      expect(await hostState(home)).toEqual(before);
    } finally {
      await asUser(`${copy}/isthmus down`);
      await tryRun('pkill', ['-KILL', '-u', user]);
      await tryRun('userdel', ['--remove', user]);
    }
  },
  400_000,
);
