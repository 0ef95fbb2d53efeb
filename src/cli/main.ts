/** The process: streams, signals, the exit code. */
import { runCommandLine } from './run.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    // The first asks to stop in good order; whoever asks again does not want to wait.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error(`interrupted by ${signal}`));
  });

// The reader of a pipe may have had enough, as in `isthmus status | head -1`.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  out: process.stdout,
  err: process.stderr,
  input: process.stdin,
  signal: interruption.signal,
});
