/** Envoy's matchers for the values of policies, in which a star at one end stands for the rest. */

/** Anything that is not empty: what a lone star means. */
export const anyText = { safe_regex: { regex: '.+' } };

export const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** @param prefix what every value begins with (`spiffe://`); a lone star fits without it. */
export function textMatcher(value: string, prefix = ''): any {
  if (value === '*') return anyText;
  if (value.startsWith('*')) {
    const rest = value.slice(1);
    return prefix === '' ? { suffix: rest } : { safe_regex: { regex: `${prefix}.*${quoted(rest)}` } };
  }
  if (value.endsWith('*')) return { prefix: prefix + value.slice(0, -1) };
  return { exact: prefix + value };
}

/** Envoy refuses an empty prefix or suffix: a lone star asks that the header is there. */
export function headerMatcher(name: string, value: string, ignoreCase = false): any {
  if (value === '*') return { name, present_match: true };
  return { name, string_match: { ...textMatcher(value), ...(ignoreCase ? { ignore_case: true } : {}) } };
}

const templates = /\{\*\*?\}/g;

/**
 * A path, or a template of one (`/a/{*}/b`, `/a/{**}`), in which `{**}` is the last, and segments are whole.
 * @throws Error for a template that Envoy would refuse, and all of the listener with it
 */
export function pathPermission(value: string): any {
  if (value.search(templates) < 0) return { url_path: { path: textMatcher(value) } };
  const segments = value.replace(/^\/|\/$/g, '').split('/');
  const rest = segments.indexOf('{**}');
  const isWhole = segments.every((one) => one === '{*}' || one === '{**}' || /^[-\w.~%!$&'()+,;:@=]*$/.test(one));
  if (!isWhole || (rest >= 0 && segments.slice(rest + 1).some((one) => one.includes('{'))))
    throw new Error(`${value} is no template of a path: {*} and {**} are whole segments, and {**} is the last of them`);
  return {
    uri_template: {
      name: 'uri-template',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
        path_template: value.replace(templates, (one) => one.slice(1, -1)),
      },
    },
  };
}

/** One value alone, several as one or the other. */
export const anyOf = (values: any[]): any =>
  values.length === 1 ? values[0] : { or_match: { value_matchers: values } };

export const metadataMatcher = (filter: string, keys: string[], value: any): any => ({
  filter,
  path: keys.map((key) => ({ key })),
  value,
});

/**
 * An address, or a range of them.
 * @throws Error for what is neither.
 */
export function cidrRange(value: string): any {
  const [address = '', length] = value.split('/');
  const most = address.includes(':') ? 128 : 32;
  const bits = length === undefined ? most : Number(length);
  const isAddress = most === 128 ? /^[0-9a-f:.]+$/i.test(address) : /^\d{1,3}(\.\d{1,3}){3}$/.test(address);
  if (!isAddress || !(bits >= 0 && bits <= most)) throw new Error(`${value} is no address and no range of addresses`);
  return { address_prefix: address, prefix_len: bits };
}
