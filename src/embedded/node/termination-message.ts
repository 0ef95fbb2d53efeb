/** What a container says of its end: in the file that its terminationMessagePath names, or, after a failure, at the end of its log. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ContainerLog } from './container-log.ts';

const longestMessage = 4096;
const longestFallback = { lines: 80, bytes: 2048 };

/** An empty file for the message, to be mounted into the container. */
export function prepareMessage(path: string): void {
  writeFileSync(path, '', { mode: 0o666 });
}

export function messageFrom(
  path: string,
  spec: any,
  exitCode: number,
  log: ContainerLog | undefined,
): string | undefined {
  const text = existsSync(path) ? readFileSync(path).subarray(0, longestMessage).toString('utf8') : '';
  if (text !== '' || exitCode === 0 || spec.terminationMessagePolicy !== 'FallbackToLogsOnError' || !log)
    return text || undefined;
  return log.read({ tailLines: longestFallback.lines }).slice(-longestFallback.bytes) || undefined;
}
