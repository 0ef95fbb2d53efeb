/** Query parameters of a request; a list is a repeated parameter, undefined is left out. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export function appendQuery(url: URL, query: Query | undefined): void {
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const item of value) url.searchParams.append(key, String(item));
    else url.searchParams.set(key, String(value));
  }
}
