import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { IsthmusError, messageOf } from '../errors/index.ts';
import type { OutputStream } from './context.ts';

export interface PrintFileOptions {
  /** How many of the last lines. */
  lines: number;
  /** Go on until the signal as the file grows. */
  follow: boolean;
  out: OutputStream;
  signal: AbortSignal;
}

const blockSize = 64 * 1024;

/** Prints the end of a log file. @throws IsthmusError `cli.no-log` when there is none. */
export async function printFile(path: string, options: PrintFileOptions): Promise<void> {
  await using file = await open(path).catch((error) => {
    throw new IsthmusError({
      code: 'cli.no-log',
      what: 'there is no such log',
      where: path,
      why: messageOf(error),
      fix: 'a cluster writes it from its start on: isthmus up',
    });
  });
  let position = await startOfLastLines(file, options.lines);
  const block = Buffer.alloc(blockSize);
  const printRest = async (): Promise<void> => {
    for (;;) {
      const { bytesRead } = await file.read(block, 0, blockSize, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      options.out.write(block.toString('utf8', 0, bytesRead));
    }
  };
  // Watching begins before the reading, so that nothing written between the two is missed.
  const watcher = options.follow ? watch(path) : undefined;
  await printRest();
  if (!watcher) return;
  await new Promise<void>((resolve, reject) => {
    let reading = Promise.resolve();
    const end = () => {
      watcher.close();
      resolve();
    };
    watcher.on('change', () => {
      reading = reading.then(printRest);
      reading.catch(reject);
    });
    watcher.on('error', reject);
    if (options.signal.aborted) end();
    options.signal.addEventListener('abort', end, { once: true });
  });
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function startOfLastLines(file: OpenFile, lines: number): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(blockSize);
  let seen = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(end - blockSize, 0);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      const isEnd = start + at === size - 1; // the newline that ends the last line
      if (block[at] === 0x0a && !isEnd && ++seen === lines) return start + at + 1;
    }
    end = start;
  }
  return lines === 0 ? size : 0;
}
