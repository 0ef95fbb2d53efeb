/** A terminal for a command in a container: `script` of util-linux makes it there, since Node has no call for it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { quote } from '../container-script.ts';
import type { TerminalSize } from './channels.ts';

export const withTerminal = (command: string[]): string[] => [
  '/usr/bin/script',
  '--quiet',
  '--return',
  '--command',
  command.map(quote).join(' '),
  '/dev/null',
];

/** Sets the size of the terminal below a process; the kernel tells the programs in it. */
export function resizeTerminal(pid: number | undefined, size: TerminalSize, triesLeft = 20): void {
  if (!pid) return;
  const holder = terminalHolder(pid);
  // The first size comes before `script` has made the terminal.
  if (!holder) {
    if (triesLeft > 0) setTimeout(() => resizeTerminal(pid, size, triesLeft - 1), 50).unref();
    return;
  }
  const where = ['--target', String(holder), '--mount', '--root'];
  const { Width, Height } = size;
  execFile(
    'nsenter',
    [...where, 'stty', '-F', terminalPath(holder), 'cols', String(Width), 'rows', String(Height)],
    () => {},
  );
}

/** Fields of /proc/PID/stat from the third on; the second may hold spaces. */
function stat(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}

const terminalNumber = (pid: number): number => Number(stat(pid)[4] ?? 0);

function terminalHolder(pid: number): number | undefined {
  if (terminalNumber(pid) !== 0) return pid;
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return children.map((child) => terminalHolder(Number(child))).find((found) => found !== undefined);
  } catch {
    return undefined;
  }
}

/** tty_nr holds the minor number of a pseudo-terminal in its lowest and in its upper bits. */
function terminalPath(pid: number): string {
  const number = terminalNumber(pid);
  return `/dev/pts/${(number & 0xff) | ((number >> 12) & 0xfff00)}`;
}
