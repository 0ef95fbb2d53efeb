/** Rules that answer by themselves: redirects and direct responses. */

const codes: Record<number, string> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

/** Undefined for a code that Envoy does not have: the route has then no action at all. */
export function redirectAction(redirect: any, port: number, isTls: boolean): any {
  const response_code = codes[redirect.redirectCode || 301];
  if (!response_code) return undefined;
  const to = portOf(redirect, port, isTls);
  return {
    ...(redirect.authority ? { host_redirect: redirect.authority } : {}),
    ...(redirect.prefixRewrite ? { prefix_rewrite: redirect.prefixRewrite } : { path_redirect: redirect.uri ?? '' }),
    ...(redirect.scheme ? { scheme_redirect: redirect.scheme } : {}),
    ...(to ? { port_redirect: to } : {}),
    response_code,
  };
}

/** What a scheme has as its own port is not written. */
function portOf(redirect: any, port: number, isTls: boolean): number {
  const stated = redirect.port ?? (redirect.derivePort === 'FROM_REQUEST_PORT' ? port : 0);
  const scheme = redirect.scheme || (isTls ? 'https' : 'http');
  return (stated === 80 && scheme === 'http') || (stated === 443 && scheme === 'https') ? 0 : stated;
}

export function directResponse({ status, body }: any): any {
  return {
    status,
    ...(body?.string !== undefined ? { body: { inline_string: body.string } } : {}),
    ...(body?.bytes !== undefined ? { body: { inline_bytes: body.bytes } } : {}),
  };
}
