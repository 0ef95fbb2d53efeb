import { describe, expect, it } from 'vitest';
import { planted, plantedProxy, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import { encodeMessage } from '../../proto/index.ts';
import { requestAuthenticationFilters } from './request-authentication.ts';

const jwks = '{"keys":[]}';

function config(rules: object[], jwksMap = new Map(), proxy = plantedProxy()): any {
  const snapshot = {
    ...plantedSnapshot([planted('RequestAuthentication', 'jwt', { jwtRules: rules })]),
    jwks: jwksMap,
  };
  const [filter] = requestAuthenticationFilters(snapshot, proxy);
  encodeMessage('envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter', filter);
  return filter.typed_config;
}

describe('RequestAuthentication', () => {
  it('is no filter where there is no rule', () => {
    expect(requestAuthenticationFilters(plantedSnapshot([]), plantedProxy())).toEqual([]);
  });

  it('wants a valid token or none', () => {
    const {
      providers,
      rules,
      bypass_cors_preflight: bypass,
    } = config([
      {
        issuer: 'x',
        jwks,
        audiences: ['a'],
        forwardOriginalToken: true,
        fromHeaders: [{ name: 'x-token', prefix: 'T ' }],
        fromParams: ['t'],
        fromCookies: ['c'],
        outputPayloadToHeader: 'x-payload',
        outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
        spaceDelimitedClaims: ['roles'],
      },
    ]);
    expect(providers['origins-0']).toEqual({
      issuer: 'x',
      audiences: ['a'],
      forward: true,
      forward_payload_header: 'x-payload',
      from_headers: [{ name: 'x-token', value_prefix: 'T ' }],
      from_params: ['t'],
      from_cookies: ['c'],
      claim_to_headers: [{ header_name: 'x-sub', claim_name: 'sub' }],
      payload_in_metadata: 'payload',
      normalize_payload_in_metadata: { space_delimited_claims: ['permission', 'roles', 'scope'] },
      local_jwks: { inline_string: jwks },
    });
    expect(rules[0].requires).toEqual({
      requires_any: { requirements: [{ provider_name: 'origins-0' }, { allow_missing: {} }] },
    });
    expect(bypass).toBe(true);
  });

  it('takes a token of any of several issuers, in the order of their names', () => {
    const { providers, rules } = config([
      { issuer: 'z', jwks },
      { issuer: 'a', jwks },
    ]);
    expect(providers['origins-0'].issuer).toBe('a');
    const { requirements } = rules[0].requires.requires_any;
    expect(requirements.slice(0, 2)).toEqual([{ provider_name: 'origins-0' }, { provider_name: 'origins-1' }]);
    expect(requirements[2].requires_all.requirements).toHaveLength(2);
  });

  it('uses the keys that istiod has fetched, and without them a key that nobody can use', () => {
    const rule = { issuer: 'x', jwksUri: 'http://keys/jwks' };
    expect(config([rule], new Map([['http://keys/jwks', jwks]])).providers['origins-0'].local_jwks.inline_string).toBe(
      jwks,
    );
    const byIssuer = new Map([['https://x/.well-known/openid-configuration', jwks]]);
    expect(config([{ issuer: 'https://x/' }], byIssuer).providers['origins-0'].local_jwks.inline_string).toBe(jwks);
    const without = JSON.parse(config([rule]).providers['origins-0'].local_jwks.inline_string);
    expect(without.keys[0]).toMatchObject({ kty: 'EC' });
    expect(without.keys[0].d).toBeUndefined();
  });

  it('lets routes of gateways be chosen by claims', () => {
    expect(config([{ issuer: 'x', jwks }]).providers['origins-0'].clear_route_cache).toBeUndefined();
    const gateway = plantedProxy({ type: 'router' });
    expect(config([{ issuer: 'x', jwks }], new Map(), gateway).providers['origins-0'].clear_route_cache).toBe(true);
  });
});
