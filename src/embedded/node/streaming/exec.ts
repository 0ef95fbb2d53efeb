/** kubectl exec: a command in a container, with its streams on channels, and with a terminal if the client asks for one. */
import { startInContainer } from '../exec.ts';
import type { Channels } from './channels.ts';
import { resizeTerminal, withTerminal } from './terminal.ts';

export interface ExecRequest {
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** The kubelet's names of the streams are not those of the API. */
export function execRequest(query: URLSearchParams): ExecRequest {
  const has = (name: 'input' | 'output' | 'error' | 'tty'): boolean => query.get(name) === '1';
  return {
    command: query.getAll('command'),
    stdin: has('input'),
    stdout: has('output'),
    stderr: has('error'),
    tty: has('tty'),
  };
}

/** The streams that a client of SPDY opens for a request. */
export const streamsOf = ({ stdin, stdout, stderr, tty }: ExecRequest): string[] => [
  'error',
  ...(stdin ? ['stdin'] : []),
  ...(stdout ? ['stdout'] : []),
  ...(stderr && !tty ? ['stderr'] : []),
  ...(tty ? ['resize'] : []),
];

export function runOnChannels(channels: Channels, pid: number, request: ExecRequest): void {
  const child = request.tty
    ? startInContainer(pid, withTerminal(request.command), { TERM: 'xterm' })
    : startInContainer(pid, request.command);
  child.stdout?.on('data', (chunk) => request.stdout && channels.send('stdout', chunk));
  child.stderr?.on('data', (chunk) => {
    if (request.tty) channels.send('stdout', chunk);
    else if (request.stderr) channels.send('stderr', chunk);
  });
  child.stdin?.on('error', () => {});
  if (request.stdin) channels.onInput((chunk) => (chunk ? child.stdin?.write(chunk) : child.stdin?.end()));
  else if (!request.tty) child.stdin?.end();
  if (request.tty) channels.onResize((size) => resizeTerminal(child.pid, size));
  channels.onLeave(() => child.kill('SIGKILL'));
  const finish = (status: unknown): void => {
    channels.send('error', JSON.stringify(status));
    channels.close();
  };
  child.on('error', (error) =>
    finish({ metadata: {}, status: 'Failure', reason: 'InternalError', message: error.message, code: 500 }),
  );
  child.on('close', (code, signal) => {
    const exit = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
    if (exit === 0) return finish({ metadata: {}, status: 'Success' });
    finish({
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code: exit status ${exit}`,
      details: { causes: [{ reason: 'ExitCode', message: String(exit) }] },
    });
  });
}
