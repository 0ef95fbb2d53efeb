/** The order of HTTP rules: the Gateway API asks for the most specific match first, whichever route it is from. */

/** Stable: of rules that are alike the older route's, and of one route's the first, stays before. */
export function byPrecedence(rules: any[]): any[] {
  return [...rules].sort((a, b) => {
    const [one] = a.match ?? [];
    const [other] = b.match ?? [];
    if (!one || !other) return Number(!one) - Number(!other);
    return (
      rankOf(other.uri) - rankOf(one.uri) ||
      lengthOf(other.uri) - lengthOf(one.uri) ||
      Number(other.method !== undefined) - Number(one.method !== undefined) ||
      sizeOf(other.headers) - sizeOf(one.headers) ||
      sizeOf(other.queryParams) - sizeOf(one.queryParams)
    );
  });
}

function rankOf(uri: any): number {
  if (!uri) return -1;
  return uri.exact !== undefined ? 3 : uri.prefix !== undefined ? 2 : 1;
}

const lengthOf = (uri: any): number => (uri?.exact ?? uri?.prefix ?? uri?.regex ?? '').length;
const sizeOf = (map: object | undefined): number => Object.keys(map ?? {}).length;
