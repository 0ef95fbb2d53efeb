/** Checks an ID token as OpenID Connect Core 3.1.3.7 wants it: who signed it, for whom, for which sign-in, and until when. */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { HttpError } from '../http.ts';

export interface IdTokenExpected {
  issuer: string;
  clientId: string;
  nonce: string;
  /** The issuer's JWKS. */
  keys: JsonWebKey[];
}

/** API servers accept RS256 unless they are told otherwise, and ES256 when they are (`--oidc-signing-algs`). */
const algorithms: Record<string, { kty: string; isGood: (key: KeyObject) => boolean }> = {
  RS256: { kty: 'RSA', isGood: (key) => (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 },
  ES256: { kty: 'EC', isGood: (key) => key.asymmetricKeyDetails?.namedCurve === 'prime256v1' },
};

/** What the issuer's clock may be ahead of ours, in seconds. An end is not stretched by it: API servers do not either. */
const clockSkew = 60;

/**
 * @returns the end of the token, in seconds since 1970
 * @throws HttpError 401 `console.openid-token`, with what is wrong and never with the token
 */
export function checkIdToken(token: string, expected: IdTokenExpected): { expires: number } {
  const parts = token.split('.');
  const [header, claims] = [jsonOf(parts[0]), jsonOf(parts[1])];
  if (parts.length !== 3 || !header || !claims) throw refused('it is no signed JWT');
  checkSignature(parts as [string, string, string], header, expected.keys);
  const { iss, aud, azp, exp, nbf, nonce } = claims;
  const now = Date.now() / 1000;
  if (iss !== expected.issuer) throw refused(`it is of the issuer ${iss}, not of ${expected.issuer}`);
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(expected.clientId))
    throw refused(`it is for ${audiences.join(', ')}, not for ${expected.clientId}`);
  if (azp === undefined ? audiences.length > 1 : azp !== expected.clientId)
    throw refused(`it was issued to ${azp ?? 'one of several audiences'}, not to ${expected.clientId}`);
  if (typeof exp !== 'number' || exp <= now) throw refused(`it has expired${timeOf(exp)}`);
  if (nbf !== undefined && !(nbf <= now + clockSkew)) throw refused(`it is not valid yet${timeOf(nbf)}`);
  if (nonce !== expected.nonce) throw refused('its nonce is not that of this sign-in');
  return { expires: exp };
}

function checkSignature([header, claims, signature]: [string, string, string], head: any, keys: JsonWebKey[]): void {
  const algorithm = Object.hasOwn(algorithms, String(head.alg)) ? algorithms[head.alg] : undefined;
  if (!algorithm) throw refused(`it is signed by ${head.alg}; RS256 and ES256 are accepted`);
  const candidates = keys.filter(
    ({ kty, kid, use }) =>
      kty === algorithm.kty && (use ?? 'sig') === 'sig' && (head.kid === undefined || kid === head.kid),
  );
  if (candidates.length === 0) throw refused(`the issuer has no ${algorithm.kty} key ${head.kid ?? ''}`.trimEnd());
  const isSigned = candidates.some((jwk) => {
    const key = keyOf(jwk);
    if (!key || !algorithm.isGood(key)) return false;
    const text = Buffer.from(`${header}.${claims}`);
    return verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  });
  if (!isSigned) throw refused("its signature is not by the issuer's key");
}

function keyOf(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function jsonOf(part: string | undefined): any {
  try {
    const value = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}

const timeOf = (seconds: unknown): string =>
  typeof seconds === 'number' && Math.abs(seconds) < 8.64e12 ? `: ${new Date(seconds * 1000).toISOString()}` : '';

const refused = (why: string): HttpError =>
  new HttpError(401, {
    code: 'console.openid-token',
    what: "the identity provider's ID token is not accepted",
    why,
    fix: 'sign in again; if it stays so, compare the clocks, --oidc-issuer and --oidc-client-id',
  });
