/** What tests need beside what meshes need: they play the user, in a terminal and in a browser. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '../src/process/index.ts';

/** Programs, and the Debian packages that they come with. */
const tools: Record<string, string> = {
  ip: 'iproute2',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  script: 'bsdutils',
  curl: 'curl',
  python3: 'python3-pip',
  chromium: 'chromium',
};

const isThere = (program: string): boolean =>
  [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Installs what is missing, where that is possible without asking; says how to get it where it is not. The tests that need it then fail. */
export async function installTestTools(): Promise<void> {
  const missing = [...new Set(Object.entries(tools).flatMap(([program, name]) => (isThere(program) ? [] : [name])))];
  if (missing.length === 0) return;
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    console.error(`missing for tests: ${missing.join(', ')}; install them, as by: sudo ${command.join(' ')}`);
    return;
  }
  console.log(`installing ${missing.join(', ')}`);
  const settings = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 600_000 };
  await tryRun('apt-get', ['update', '--quiet=2'], settings);
  const { code, stderr } = await tryRun('apt-get', command.slice(1), settings);
  if (code !== 0) console.error(`${command.join(' ')} ended with ${code}: ${stderr.trim()}`);
}
