/** Lines of a byte stream, split on \n without splitting characters. */
export async function* readLines(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of stream) {
    let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      const line = Buffer.concat(parts).toString('utf8');
      parts = [];
      rest = rest.subarray(end + 1);
      if (line.trim() !== '') yield line;
    }
    if (rest.length > 0) parts.push(rest);
  }
  const last = Buffer.concat(parts).toString('utf8');
  if (last.trim() !== '') yield last;
}
