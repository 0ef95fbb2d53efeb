/** What the cells of several kinds' tables have in common. */

export type Cell = string | number | boolean | null;
export interface Printer {
  columns: [name: string, wideOnly?: boolean][];
  cells: (object: any) => Cell[];
}

/** A duration in the two largest units that kubectl shows. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (days < 730) return `${days}d`;
  return `${Math.floor(days / 365)}y${days % 365}d`;
}

export const since = (time: string | undefined): string =>
  time ? duration(Date.now() - Date.parse(time)) : '<unknown>';
export const age = (object: any): string => since(object.metadata.creationTimestamp);
export const orNone = (text: string): string => text || '<none>';
export const labelsText = (labels: Record<string, string> | undefined): string =>
  orNone(
    Object.entries(labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
export const selectorText = (selector: any): string => labelsText(selector?.matchLabels ?? selector);
export const containers = (spec: any): string => (spec?.containers ?? []).map((one: any) => one.name).join(',');
export const images = (spec: any): string => (spec?.containers ?? []).map((one: any) => one.image).join(',');
