import { widthOf } from './style.ts';

/** Columns as wide as their widest cell, two spaces apart, as kubectl prints them; the last column is not padded. */
export function renderTable(headings: string[], rows: string[][]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_heading, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map((row) =>
      headings
        .map((_heading, column) => {
          const cell = row[column] ?? '';
          return column === headings.length - 1 ? cell : cell + ' '.repeat(widths[column]! - widthOf(cell));
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
