/**
 * The command line: one file a command, rendering, progress, exit codes. It joins the rooms and decides nothing that they could decide.
 * `main.ts` is the process; this is the same for callers who bring their own streams, as tests do.
 */
export { runCommandLine } from './run.ts';
