/**
 * What a container writes its output to. Node gives a child sockets, and a socket cannot be opened again by its name: programs that write
 * to /dev/stdout, as Envoy's access log and many images do, would be refused. A pipe can be.
 */
import { constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from '../../process/index.ts';

export interface OutputPipe {
  readable: Readable;
  /** File descriptor for the child, which blocks when the reader is slow, as programs expect. To be closed here when the child has it. */
  writeEnd: number;
  ended: Promise<void>;
}

let made = 0;

/** @param folder in memory, for the moment in which the pipes have names. */
export async function outputPipes(folder: string): Promise<{ stdout: OutputPipe; stderr: OutputPipe }> {
  const names = ['out', 'err'].map((name) => join(folder, `.${name}-${process.pid}-${made++}`)) as [string, string];
  await run('mkfifo', ['-m', '600', ...names]);
  try {
    return { stdout: open(names[0]), stderr: open(names[1]) };
  } finally {
    for (const name of names) await rm(name);
  }
}

function open(path: string): OutputPipe {
  // The reader first: opening the other end waits for one.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  const readable = new Socket({ fd: readEnd, readable: true, writable: false });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  readable.once('close', () => resolve()).once('error', () => resolve());
  return { readable, writeEnd, ended };
}
