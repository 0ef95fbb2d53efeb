/** Istio's StringMatch in Envoy's notation. */
export function stringMatch(value: any): any {
  if (value.exact !== undefined) return { exact: value.exact };
  if (value.prefix !== undefined) return { prefix: value.prefix };
  return { safe_regex: { regex: value.regex } };
}

/** An empty one asks for nothing but presence. */
export const asksForPresence = (value: any): boolean =>
  !value || Object.keys(value).length === 0 || value.regex === '*';
