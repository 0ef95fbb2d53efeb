/**
 * RequestAuthentication as Envoy's filter of JSON Web Tokens: a token that is there must be valid, and none need be there. What a token says
 * lies in the filter's metadata, where authorization reads it.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { seconds } from '../networking/durations.ts';
import { typed } from '../networking/names.ts';
import { attachedPolicies } from './attachment.ts';
import { jwtFilter, jwtPayload } from './attributes.ts';

/** The filter as a list: empty where no policy with rules concerns the proxy. */
export function requestAuthenticationFilters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const rules = attachedPolicies(snapshot, proxy, 'RequestAuthentication')
    .flatMap((policy): any[] => policy['spec']?.jwtRules ?? [])
    .sort((a, b) => compare(String(a.issuer), String(b.issuer)));
  if (rules.length === 0) return [];
  const names = rules.map((_, index) => `origins-${index}`);
  // A gateway's routes may be chosen by claims.
  const isGateway = proxy.type === 'router';
  const config = {
    providers: Object.fromEntries(rules.map((rule, index) => [names[index], provider(snapshot, rule, isGateway)])),
    rules: [{ match: { prefix: '/' }, requires: requirement(names) }],
    bypass_cors_preflight: true,
  };
  return [{ name: jwtFilter, typed_config: typed('extensions.filters.http.jwt_authn.v3.JwtAuthentication', config) }];
}

/** By which name a rule's keys are known: where they are, or where its issuer says where they are. */
export function jwksSource(rule: { issuer?: string; jwksUri?: string; jwks_uri?: string }): string {
  return (
    rule.jwksUri || rule.jwks_uri || `${String(rule.issuer ?? '').replace(/\/$/, '')}/.well-known/openid-configuration`
  );
}

/** How long istiod waits for the keys of a rule, in milliseconds. */
export const jwksTimeout = (rule: any): number => Number.parseFloat(seconds(rule.timeout) ?? '5') * 1000;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Each token that is there must be valid; with several providers, it is enough that one of them knows the token's place. */
function requirement(names: string[]): any {
  const each = names.map((provider_name) => ({
    requires_any: { requirements: [{ provider_name }, { allow_missing: {} }] },
  }));
  if (each.length === 1) return each[0];
  const one = names.map((provider_name) => ({ provider_name }));
  return { requires_any: { requirements: [...one, { requires_all: { requirements: each } }] } };
}

function provider(snapshot: MeshSnapshot, rule: any, clearRouteCache: boolean): any {
  const list = (key: string, values: any[] | undefined) => (values?.length ? { [key]: values } : {});
  const claims = [...new Set([...(rule.spaceDelimitedClaims ?? []), 'permission', 'scope'])].sort();
  return {
    ...(rule.issuer ? { issuer: rule.issuer } : {}),
    ...list('audiences', rule.audiences),
    ...(rule.forwardOriginalToken ? { forward: true } : {}),
    ...(rule.outputPayloadToHeader ? { forward_payload_header: rule.outputPayloadToHeader } : {}),
    ...list(
      'from_headers',
      rule.fromHeaders?.map((one: any) => ({ name: one.name, ...(one.prefix ? { value_prefix: one.prefix } : {}) })),
    ),
    ...list('from_params', rule.fromParams),
    ...list('from_cookies', rule.fromCookies),
    ...list(
      'claim_to_headers',
      rule.outputClaimToHeaders?.map((one: any) => ({ header_name: one.header, claim_name: one.claim })),
    ),
    payload_in_metadata: jwtPayload,
    normalize_payload_in_metadata: { space_delimited_claims: claims },
    ...(clearRouteCache ? { clear_route_cache: true } : {}),
    local_jwks: { inline_string: rule.jwks || snapshot.jwks.get(jwksSource(rule)) || discardedKey() },
  };
}

let discarded: string | undefined;

/** While keys cannot be had no token is valid: this one's private half does not exist any more. */
function discardedKey(): string {
  discarded ??= JSON.stringify({
    keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })],
  });
  return discarded;
}
