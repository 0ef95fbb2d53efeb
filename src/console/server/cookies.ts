/** Cookies that no script reads, and how the browser reached the server: by TLS that ends here or at a proxy in front. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface CookieOptions {
  /** Lax comes along when another site leads here, as an identity provider does; Strict does not. */
  sameSite: 'Strict' | 'Lax';
  path: string;
  /** Seconds; 0 takes the cookie away. */
  maxAge: number;
  isSecure: boolean;
}

export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((one) => one.trim());
  return cookies.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) || undefined;
}

export function setCookie(response: ServerResponse, name: string, value: string, options: CookieOptions): void {
  const { sameSite, path, maxAge, isSecure } = options;
  response.appendHeader(
    'set-cookie',
    `${name}=${value}; Path=${path}; HttpOnly; SameSite=${sameSite}; Max-Age=${Math.floor(maxAge)}${isSecure ? '; Secure' : ''}`,
  );
}

/** A client that lies about it only makes its own cookies useless. */
export function isSecure({ socket, headers }: IncomingMessage): boolean {
  const forwarded = String(headers['x-forwarded-proto'] ?? '').split(',')[0]!;
  return 'encrypted' in socket || forwarded.trim().toLowerCase() === 'https';
}
