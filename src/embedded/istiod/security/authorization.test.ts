import { describe, expect, it } from 'vitest';
import { planted, plantedProxy, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import type { KubeObject } from '../../../kube/index.ts';
import { encodeMessage } from '../../proto/index.ts';
import { authorizationFilters, customAuthorizationFilters } from './authorization.ts';
import { securityFilters } from './filters.ts';
import { inAllDomains, withAliases } from './trust-domains.ts';

const policy = (name: string, spec: object, more = {}) => planted('AuthorizationPolicy', name, spec, more);

function filters(objects: KubeObject[], kind: 'http' | 'tcp' = 'http', meshConfig = {}, proxy = plantedProxy()): any[] {
  const made = authorizationFilters(plantedSnapshot(objects, meshConfig), proxy, kind);
  const message =
    kind === 'http'
      ? 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'
      : 'envoy.config.listener.v3.Filter';
  // Each can be sent to Envoy.
  for (const one of made) encodeMessage(message, one);
  return made.map((one) => one.typed_config);
}

/** The one rule of the one policy. */
function rule(written: object, kind: 'http' | 'tcp' = 'http', action = 'ALLOW', meshConfig = {}): any {
  const [config] = filters([policy('p', { action, rules: [written] })], kind, meshConfig);
  return config.rules.policies['ns[ns]-policy[p]-rule[0]'];
}

const principals = (written: object): any => rule({ from: [{ source: written }] }).principals[0].and_ids.ids;
const permissions = (written: object): any => rule({ to: [{ operation: written }] }).permissions[0].and_rules.rules;
const when = (key: string, ...values: string[]): any => rule({ when: [{ key, values }] });
const authenticated = (principal_name: object) => ({ authenticated: { principal_name } });

describe('an AuthorizationPolicy', () => {
  it('is one RBAC policy for each rule, by Istio’s names', () => {
    const [config] = filters([policy('a', { rules: [{}, {}] }), policy('b', { rules: [{}] })]);
    expect(config.rules.action).toBe('ALLOW');
    expect(Object.keys(config.rules.policies)).toEqual([
      'ns[ns]-policy[a]-rule[0]',
      'ns[ns]-policy[a]-rule[1]',
      'ns[ns]-policy[b]-rule[0]',
    ]);
    expect(config.rules.policies['ns[ns]-policy[a]-rule[0]']).toEqual({
      permissions: [{ and_rules: { rules: [{ any: true }] } }],
      principals: [{ and_ids: { ids: [{ any: true }] } }],
    });
  });

  it('logs, then denies, then allows', () => {
    const made = filters(['ALLOW', 'DENY', 'AUDIT'].map((action) => policy(action, { action, rules: [{}] })));
    expect(made.map((one) => one.rules.action)).toEqual(['LOG', 'DENY', 'ALLOW']);
  });

  it('that allows and has no rules allows nothing', () => {
    const [config] = filters([policy('p', {})]);
    expect(config.rules.policies['ns[ns]-policy[p]-rule[0]']).toEqual({
      permissions: [{ not_rule: { any: true } }],
      principals: [{ not_id: { any: true } }],
    });
  });

  it('holds in its namespace, or everywhere from the root namespace, by labels', () => {
    const names = (proxy = plantedProxy()): string[] => {
      const one = (name: string, namespace: string, spec = {}) => policy(name, { rules: [{}], ...spec }, { namespace });
      const selector = (app: string) => ({ selector: { matchLabels: { app } } });
      const objects = [
        one('own', 'ns'),
        one('root', 'istio-system'),
        one('other', 'other'),
        one('mine', 'ns', selector('web')),
        one('not-mine', 'ns', selector('api')),
        one('gateway', 'ns', { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }] }),
      ];
      const [config] = filters(objects, 'http', {}, proxy);
      return Object.keys(config.rules.policies).map((name) => /policy\[(.*)\]-/.exec(name)![1]!);
    };
    expect(names()).toEqual(['root', 'own', 'mine']);
    const labels = { app: 'web', 'gateway.networking.k8s.io/gateway-name': 'gw' };
    expect(names(plantedProxy({ labels }))).toEqual(['root', 'own', 'mine', 'gateway']);
  });

  it('in a dry run is evaluated and decides nothing', () => {
    const dry = { annotations: { 'istio.io/dry-run': 'true' } };
    const [config] = filters([policy('dry', { action: 'DENY', rules: [{}] }, dry)]);
    expect(config).toMatchObject({
      shadow_rules: { action: 'DENY', policies: { 'ns[ns]-policy[dry]-rule[0]': {} } },
      shadow_rules_stat_prefix: 'istio_dry_run_deny_',
    });
    expect(config.rules).toBeUndefined();
  });
});

describe('the caller', () => {
  it('is known by its certificate', () => {
    expect(principals({ principals: ['td/ns/a/sa/b'] })).toEqual([
      { or_ids: { ids: [authenticated({ exact: 'spiffe://td/ns/a/sa/b' })] } },
    ]);
    expect(principals({ notPrincipals: ['*'] })).toEqual([
      { not_id: { or_ids: { ids: [authenticated({ safe_regex: { regex: '.+' } })] } } },
    ]);
    expect(principals({ principals: ['*/sa/b.c'] })[0].or_ids.ids[0]).toEqual(
      authenticated({ safe_regex: { regex: 'spiffe://.*/sa/b\\.c' } }),
    );
    expect(principals({ namespaces: ['a*'] })[0].or_ids.ids[0]).toEqual(
      authenticated({ safe_regex: { regex: '.*/ns/a.*/.*' } }),
    );
    expect(principals({ serviceAccounts: ['x', 'a/y'] })[0].or_ids.ids).toEqual([
      authenticated({ safe_regex: { regex: 'spiffe://.+/ns/ns/(.+/|)sa/x(/.+)?' } }),
      authenticated({ safe_regex: { regex: 'spiffe://.+/ns/a/(.+/|)sa/y(/.+)?' } }),
    ]);
    expect(principals({ trustDomains: ['td', '*.td', '*'] })[0].or_ids.ids).toEqual([
      authenticated({ prefix: 'spiffe://td/' }),
      authenticated({ safe_regex: { regex: 'spiffe://[^/]*\\.td/.*' } }),
      authenticated({ prefix: 'spiffe://' }),
    ]);
  });

  it('has addresses', () => {
    expect(principals({ ipBlocks: ['10.0.0.0/8', '1.2.3.4'] })[0].or_ids.ids).toEqual([
      { direct_remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } },
      { direct_remote_ip: { address_prefix: '1.2.3.4', prefix_len: 32 } },
    ]);
    expect(principals({ remoteIpBlocks: ['fd00::1'] })[0].or_ids.ids[0]).toEqual({
      remote_ip: { address_prefix: 'fd00::1', prefix_len: 128 },
    });
  });

  it('has a token', () => {
    const claims = (value: string) =>
      principals({ requestPrincipals: [value] })[0].and_ids.ids.map((one: any) => one.metadata.value.string_match);
    expect(claims('https://issuer/me')).toEqual([{ exact: 'https://issuer' }, { exact: 'me' }]);
    expect(claims('issuer/*')).toEqual([{ exact: 'issuer' }, { safe_regex: { regex: '.+' } }]);
    expect(claims('*/me')).toEqual([{ safe_regex: { regex: '.+' } }, { exact: 'me' }]);
    const [claim] = when('request.auth.claims[realm][roles]', 'admin').principals[0].and_ids.ids;
    expect(claim.metadata.path.map((one: any) => one.key)).toEqual(['payload', 'realm', 'roles']);
    expect(claim.metadata.value.or_match.value_matchers).toEqual([
      { list_match: { one_of: { string_match: { exact: 'admin' } } } },
      { string_match: { exact: 'admin' } },
    ]);
    const [nested] = when('request.auth.claims[https://x/[y]]', 'z').principals[0].and_ids.ids;
    expect(nested.metadata.path.at(-1).key).toBe('https://x/[y]');
  });

  it('is the same in all trust domains of the mesh', () => {
    expect(inAllDomains(['cluster.local/ns/a/sa/b'], ['new', 'old'])).toEqual(['new/ns/a/sa/b', 'old/ns/a/sa/b']);
    expect(inAllDomains(['*/ns/a/sa/b', 'sa/b', 'stranger/ns/a/sa/b'], ['new', 'old'])).toEqual([
      '*/ns/a/sa/b',
      'sa/b',
      'stranger/ns/a/sa/b',
    ]);
    expect(withAliases(['old', 'else'], ['new', 'old'])).toEqual(['new', 'old', 'else']);
  });
});

describe('the operation', () => {
  it('is asked by host, method, path and port', () => {
    const made = permissions({
      hosts: ['Web*'],
      methods: ['GET', '*'],
      paths: ['/a*', '/b/{*}/c/{**}'],
      notPorts: ['80'],
    });
    expect(made).toEqual([
      { or_rules: { rules: [{ header: { name: ':authority', string_match: { prefix: 'Web', ignore_case: true } } }] } },
      {
        or_rules: {
          rules: [
            { header: { name: ':method', string_match: { exact: 'GET' } } },
            { header: { name: ':method', present_match: true } },
          ],
        },
      },
      {
        or_rules: {
          rules: [
            { url_path: { path: { prefix: '/a' } } },
            { uri_template: expect.objectContaining({ name: 'uri-template' }) },
          ],
        },
      },
      { not_rule: { or_rules: { rules: [{ destination_port: 80 }] } } },
    ]);
    expect(made[2].or_rules.rules[1].uri_template.typed_config.path_template).toBe('/b/*/c/**');
  });

  it('is about the connection, too', () => {
    expect(when('connection.sni', 'x').permissions[0].and_rules.rules[0].or_rules.rules[0]).toEqual({
      requested_server_name: { exact: 'x' },
    });
    expect(when('experimental.envoy.filters.network.mysql_proxy[db]', '[t]').permissions[0].and_rules.rules[0]).toEqual(
      {
        metadata: {
          filter: 'envoy.filters.network.mysql_proxy',
          path: [{ key: 'db' }],
          value: { list_match: { one_of: { string_match: { exact: 't' } } } },
        },
      },
    );
  });

  it('that no attribute describes makes the rule void', () => {
    expect(when('source.nothing', 'x')).toBeUndefined();
  });
});

describe('on TCP', () => {
  const both = { to: [{ operation: { ports: ['81'], paths: ['/a'] } }] };

  it('a rule that allows by HTTP allows nothing', () => {
    expect(rule(both, 'tcp')).toBeUndefined();
    const [config] = filters([policy('p', { rules: [both] })], 'tcp');
    // The filter is there all the same, and lets nobody in.
    expect(config).toMatchObject({ rules: { action: 'ALLOW', policies: {} }, stat_prefix: 'tcp.' });
  });

  it('a rule that denies by HTTP denies without it', () => {
    expect(rule(both, 'tcp', 'DENY').permissions).toEqual([
      { and_rules: { rules: [{ or_rules: { rules: [{ destination_port: 81 }] } }] } },
    ]);
    const token = { from: [{ source: { requestPrincipals: ['*'] } }] };
    expect(rule(token, 'tcp', 'DENY').principals).toEqual([{ and_ids: { ids: [{ any: true }] } }]);
  });
});

describe('action CUSTOM', () => {
  const custom = policy('ask', {
    action: 'CUSTOM',
    provider: { name: 'ext' },
    rules: [{ to: [{ operation: { paths: ['/a'] } }] }],
  });
  const provider = { name: 'ext', envoyExtAuthzGrpc: { service: 'ns/web.ns.svc.cluster.local', port: 80 } };
  const made = (kind: 'http' | 'tcp', meshConfig: object, ...more: KubeObject[]) =>
    customAuthorizationFilters(plantedSnapshot([custom, ...more], meshConfig), plantedProxy(), kind);

  it('asks its provider about what the rules name', () => {
    const [rbac, ask] = made('http', { extensionProviders: [provider] });
    expect(Object.keys(rbac.typed_config.shadow_rules.policies)).toEqual([
      'istio-ext-authz-ext-ns[ns]-policy[ask]-rule[0]',
    ]);
    expect(ask.name).toBe('envoy.filters.http.ext_authz');
    expect(ask.typed_config).toMatchObject({
      grpc_service: { envoy_grpc: { cluster_name: 'outbound|80||web.ns.svc.cluster.local' }, timeout: '600s' },
      filter_enabled_metadata: { value: { string_match: { prefix: 'istio-ext-authz-ext' } } },
    });
    encodeMessage('envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter', ask);
  });

  it('does not ask a provider that speaks HTTP about TCP', () => {
    const http = { name: 'ext', envoyExtAuthzHttp: { service: 'web.ns.svc.cluster.local', port: 80 } };
    expect(made('tcp', { extensionProviders: [http] })).toEqual([]);
    expect(made('tcp', { extensionProviders: [provider] })).toHaveLength(2);
  });

  it.each([
    ['is missing', {}],
    ['is there twice', { extensionProviders: [provider, provider] }],
    ['is not known', { extensionProviders: [{ ...provider, envoyExtAuthzGrpc: { service: 'x', port: 80 } }] }],
  ])('denies when the provider %s', (_, meshConfig) => {
    const [rbac, ...rest] = made('http', meshConfig);
    expect(rest).toEqual([]);
    expect(rbac.typed_config.rules.action).toBe('DENY');
    expect(Object.keys(rbac.typed_config.rules.policies)[0]).toMatch(/-deny-due-to-bad-CUSTOM-action$/);
  });

  it('denies when several providers are asked for one workload', () => {
    const other = policy('other', { action: 'CUSTOM', provider: { name: 'ext2' }, rules: [{}] });
    expect(made('http', { extensionProviders: [provider, { ...provider, name: 'ext2' }] }, other)).toHaveLength(2);
  });
});

it('asks providers, then tokens, then policies', () => {
  const objects = [
    policy('allow', { rules: [{}] }),
    policy('ask', { action: 'CUSTOM', provider: { name: 'none' }, rules: [{}] }),
    planted('RequestAuthentication', 'jwt', { jwtRules: [{ issuer: 'x', jwks: '{"keys":[]}' }] }),
  ];
  const { http, tcp } = securityFilters(plantedSnapshot(objects), plantedProxy());
  expect(http.map((one) => one.name.split('.').at(-1))).toEqual(['rbac', 'jwt_authn', 'rbac']);
  expect(http[0].typed_config.rules.action).toBe('DENY');
  expect(tcp).toHaveLength(2);
});
