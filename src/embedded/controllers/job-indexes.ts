/** Sets of indexes as a Job's status writes them: `0,2-4,7`. */

export function indexText(indexes: Set<number>): string {
  const parts: string[] = [];
  const list = [...indexes].sort((a, b) => a - b);
  for (let at = 0; at < list.length; ) {
    let end = at;
    while (list[end + 1] === list[end]! + 1) end++;
    parts.push(
      end === at ? String(list[at]) : end === at + 1 ? `${list[at]},${list[end]}` : `${list[at]}-${list[end]}`,
    );
    at = end + 1;
  }
  return parts.join(',');
}

export function indexesIn(text: string): Set<number> {
  const indexes = new Set<number>();
  for (const part of text.split(',').filter(Boolean)) {
    const [first, last = first] = part.split('-').map(Number) as [number, number?];
    for (let index = first; index <= last; index++) indexes.add(index);
  }
  return indexes;
}
