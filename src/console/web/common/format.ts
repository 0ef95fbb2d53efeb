/** Numbers and times as people read them. */

/** Requests in a second: two figures that matter, none that do not. */
export function rateText(rate: number): string {
  if (rate === 0) return '0';
  if (rate < 0.01) return '<0.01';
  if (rate < 10) return trimmed(rate.toFixed(2));
  if (rate < 100) return trimmed(rate.toFixed(1));
  return quantity(rate);
}

/** 1234 as 1.2k; the units of the International System. */
export function quantity(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  let index = 0;
  let rest = value;
  while (Math.abs(rest) >= 1000 && index < units.length - 1) {
    rest /= 1000;
    index += 1;
  }
  return `${trimmed(rest.toFixed(rest < 10 && index > 0 ? 1 : 0))}${units[index]}`;
}

export const bytesText = (bytes: number): string => `${bytes < 1000 ? trimmed(bytes.toFixed(1)) : quantity(bytes)}B`;

export function percentText(percent: number): string {
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '<0.1 %';
  return `${trimmed(percent.toFixed(percent < 10 ? 1 : 0))} %`;
}

export function millisecondsText(milliseconds: number): string {
  if (milliseconds >= 1000) return `${trimmed((milliseconds / 1000).toFixed(2))} s`;
  return `${trimmed(milliseconds.toFixed(milliseconds < 10 ? 1 : 0))} ms`;
}

/** 90 as `1 min 30 s`, 3600 as `1 h`. */
export function durationText(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', hour12: false });

export const timeOf = (time: number | string): string => clock.format(new Date(time));
export const dayOf = (time: number | string): string => day.format(new Date(time));

/** How long ago, or in how long, as in `3 min ago` or `in 9 y`; `now` is in milliseconds. */
export function awayText(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const size = Math.abs(seconds);
  const text =
    size >= 2 * 365 * 86_400
      ? `${Math.floor(size / (365.25 * 86_400))} y`
      : durationText(size).split(' ').slice(0, 2).join(' ');
  if (size < 1) return 'now';
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}
