import { stripVTControlCharacters, styleText } from 'node:util';
import type { OutputStream } from '../context.ts';

type Format = Parameters<typeof styleText>[0];

export interface Style {
  (format: Format, text: string): string;
  readonly colours: boolean;
}

/** Colours on a terminal, unless NO_COLOR is set to anything or the terminal is dumb. */
export function styleFor(stream: OutputStream, env: NodeJS.ProcessEnv): Style {
  const colours = Boolean(stream.isTTY) && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const style = (format: Format, text: string): string =>
    colours ? styleText(format, text, { validateStream: false }) : text;
  return Object.assign(style, { colours });
}

export function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Cuts plain or coloured text to a width; colours are dropped where something is cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return `${stripVTControlCharacters(text).slice(0, Math.max(columns - 1, 0))}…`;
}

/** 1.2 s, 340 ms, 2 min 5 s. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes >= 1024 ? `${(mebibytes / 1024).toFixed(2)} GiB` : `${Math.round(mebibytes)} MiB`;
}

/** How long until a time, in the largest fitting unit. */
export function formatUntil(time: Date, now: Date): string {
  const hours = (time.getTime() - now.getTime()) / 3_600_000;
  if (hours < 0) return 'expired';
  if (hours < 2) return `${Math.round(hours * 60)} min`;
  if (hours < 48) return `${Math.round(hours)} h`;
  return `${Math.floor(hours / 24)} d`;
}
