/** Schedules as cron writes them: five fields, names of months and days, steps, ranges, `@daily` and its like; in any time zone. */

export class ScheduleError extends Error {}

interface Field {
  name: string;
  first: number;
  last: number;
  names?: string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: Field[] = [
  { name: 'minute', first: 0, last: 59 },
  { name: 'hour', first: 0, last: 23 },
  { name: 'day of month', first: 1, last: 31 },
  { name: 'month', first: 1, last: 12, names: months },
  { name: 'day of week', first: 0, last: 7, names: days },
];
const macros: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

export interface Schedule {
  minutes: Set<number>;
  hours: Set<number>;
  daysOfMonth: Set<number>;
  months: Set<number>;
  daysOfWeek: Set<number>;
  /** A day counts when either of its fields names it, unless one of them is `*`. */
  eitherDay: boolean;
}

/** @throws ScheduleError saying which field cannot be read. */
export function parseSchedule(text: string): Schedule {
  const written = macros[text.trim()] ?? text.trim();
  const parts = written.split(/\s+/);
  if (parts.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${parts.length}: ${JSON.stringify(parts)}`);
  const [minutes, hours, daysOfMonth, monthSet, weekDays] = parts.map((part, index) =>
    valuesOf(part, fields[index]!),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  if (weekDays.delete(7)) weekDays.add(0);
  const isAny = (part: string | undefined): boolean => part === '*' || part === '?' || part?.startsWith('*/') === true;
  return {
    minutes,
    hours,
    daysOfMonth,
    months: monthSet,
    daysOfWeek: weekDays,
    eitherDay: !isAny(parts[2]) && !isAny(parts[4]),
  };
}

function valuesOf(text: string, field: Field): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', stepText] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    const [from = '', to] = range.split('-');
    const any = from === '*' || from === '?';
    const first = any ? field.first : numberOf(from, field);
    const upper = field.name === 'day of week' ? 6 : field.last;
    const last = any ? upper : to !== undefined ? numberOf(to, field) : stepText === undefined ? first : upper;
    if (!Number.isInteger(step) || step < 1 || first < field.first || last > field.last || first > last)
      throw new ScheduleError(`failed to parse ${field.name} ${JSON.stringify(part)}`);
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return values;
}

function numberOf(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.first;
  if (!/^\d+$/.test(text)) throw new ScheduleError(`failed to parse ${field.name} ${JSON.stringify(text)}`);
  return Number(text);
}

const minuteMs = 60_000;
/** A schedule that names no day of five years names none. */
const horizonMs = 5 * 366 * 24 * 60 * minuteMs;

/** The first time after the given one (both in milliseconds) that the schedule names; undefined when there is none. */
export function nextTime(schedule: Schedule, after: number, timeZone = 'UTC'): number | undefined {
  const clock = clockOf(timeZone);
  let at = Math.floor(after / minuteMs) * minuteMs + minuteMs;
  while (at - after < horizonMs) {
    const { month, day, weekDay, hour, minute } = clock(at);
    const byMonthDay = schedule.daysOfMonth.has(day);
    const byWeekDay = schedule.daysOfWeek.has(weekDay);
    const isDay = schedule.eitherDay ? byMonthDay || byWeekDay : byMonthDay && byWeekDay;
    // Whole hours are skipped where nothing can be found in them; days may have 23 or 25.
    if (!schedule.months.has(month) || !isDay || !schedule.hours.has(hour)) at += (60 - minute) * minuteMs;
    else if (!schedule.minutes.has(minute)) at += minuteMs;
    else return at;
  }
  return undefined;
}

interface Reading {
  month: number;
  day: number;
  weekDay: number;
  hour: number;
  minute: number;
}

function clockOf(timeZone: string): (at: number) => Reading {
  if (timeZone === 'UTC')
    return (at) => {
      const date = new Date(at);
      return {
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekDay: date.getUTCDay(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
      };
    };
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    month: 'numeric',
    day: 'numeric',
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return {
      month: Number(parts['month']),
      day: Number(parts['day']),
      weekDay: days.indexOf(parts['weekday']!.toLowerCase()),
      hour: Number(parts['hour']),
      minute: Number(parts['minute']),
    };
  };
}
