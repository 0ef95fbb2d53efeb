/** Policies, Telemetry and EnvoyFilters on the running mesh: each is applied, and real requests show that it is in effect. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Explanation } from '../../src/observe/index.ts';
import { eventually, isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const clusters = ['east', 'west'];
const host = 'http://helloworld.sample:5000';
const applied: string[][] = [];

interface Answer {
  status: number;
  body: string;
}

/** Enough requests to meet the servers of both clusters, each of which is chosen by chance. */
const count = 16;

async function requests(cluster: string, path: string, ...args: string[]): Promise<Answer[]> {
  const curl = ['curl', '-s', '--max-time', '10', '-w', '~%{http_code}\n', ...args, `${host}${path}`];
  const repeated = curl.with(-1, `${curl.at(-1)}${path.includes('?') ? '&' : '?'}n=[1-${count}]`);
  const { stdout } = await kubectl(home, cluster, [
    '-n',
    'sample',
    'exec',
    'deploy/curl',
    '-c',
    'curl',
    '--',
    ...repeated,
  ]);
  return stdout
    .split(/(?<=~\d{3})\n/)
    .filter(Boolean)
    .map((one) => ({ status: Number(one.slice(-3)), body: one.slice(0, -4) }));
}

/** Waits until every request is answered so: what was applied takes its time to the proxies. */
const answered = (what: string, status: number, cluster: string, path: string, ...args: string[]): Promise<Answer[]> =>
  eventually(
    what,
    async () => {
      const answers = await requests(cluster, path, ...args);
      const isSo = answers.length === count && answers.every((one) => one.status === status);
      return isSo ? { value: answers } : { seen: answers.map((one) => one.status).join() };
    },
    60_000,
  );

const groups: Record<string, string> = {
  AuthorizationPolicy: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
};

async function apply(
  kind: string,
  name: string,
  spec: object,
  more: { namespace?: string; annotations?: object } = {},
) {
  const { namespace = 'sample', annotations = {} } = more;
  const metadata = { name: `e2e-${name}`, namespace, annotations };
  const object = JSON.stringify({ apiVersion: groups[kind], kind, metadata, spec });
  const { code, stderr } = await kubectl(home, 'east', ['apply', '-f', '-'], object);
  expect(code, stderr).toBe(0);
  applied.push([
    '-n',
    namespace,
    'delete',
    `${kind}.${groups[kind]!.split('/')[0]}`,
    `e2e-${name}`,
    '--ignore-not-found',
  ]);
}

/** Changes the mesh's configuration until the end of the scope, in the name of who has written it. */
async function changedMeshConfig(change: (mesh: any) => any): Promise<AsyncDisposable> {
  const of = ['-n', 'istio-system', 'get', 'configmap', 'istio', '-o', 'json'];
  const { metadata, data } = JSON.parse((await kubectl(home, 'east', of)).stdout);
  const { name, namespace, labels, annotations } = metadata;
  const write = async (mesh: string) => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels, annotations },
      data: { ...data, mesh },
    };
    const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=isthmus', '-f', '-'];
    const { code, stderr } = await kubectl(home, 'east', args, JSON.stringify(object));
    expect(code, stderr).toBe(0);
  };
  await write(stringify(change(parse(data.mesh))));
  return { [Symbol.asyncDispose]: () => write(data.mesh) };
}

const helloworld = { selector: { matchLabels: { app: 'helloworld' } } };
const curl = 'cluster.local/ns/sample/sa/curl';

afterEach(async () => {
  await Promise.all(applied.splice(0).map((args) => kubectl(home, 'east', args)));
  for (const cluster of clusters) await answered('nothing is left', 200, cluster, '/headers');
});

describe('AuthorizationPolicy', () => {
  it('lets in by principal, method and path, across clusters', async () => {
    const allow = (principal: string) =>
      apply('AuthorizationPolicy', 'allow', {
        ...helloworld,
        rules: [
          {
            from: [{ source: { principals: [principal] } }],
            to: [{ operation: { methods: ['GET'], paths: ['/hello', '/headers'] } }],
          },
        ],
      });
    await allow('cluster.local/ns/sample/sa/somebody-else');
    for (const cluster of clusters) await answered('a stranger is refused', 403, cluster, '/hello');
    await allow(curl);
    for (const cluster of clusters) {
      const answers = await answered('the principal is let in', 200, cluster, '/hello');
      expect(answers.map((one) => /v\d/.exec(one.body)?.[0])).toEqual(expect.arrayContaining(['v1', 'v2']));
      await answered('other paths are refused', 403, cluster, '/health');
      await answered('other methods are refused', 403, cluster, '/hello', '-X', 'POST');
    }
    const { stdout, code } = await isthmus(
      ['explain', 'west/sample/curl', 'helloworld.sample:5000/health', '-o', 'json'],
      {
        home,
      },
    );
    const explained: Explanation = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(explained.deviations.map((one) => one.code)).toContain('authorization-denied');
  });

  it('denies before it allows, from the root namespace too, and not in a dry run', async () => {
    await apply('AuthorizationPolicy', 'all', { ...helloworld, rules: [{}] });
    const deny = (annotations: object) =>
      apply(
        'AuthorizationPolicy',
        'deny',
        { action: 'DENY', rules: [{ when: [{ key: 'request.headers[x-e2e]', values: ['den*'] }] }] },
        { namespace: 'istio-system', annotations },
      );
    await deny({});
    for (const cluster of clusters)
      await answered('the header is refused', 403, cluster, '/hello', '-H', 'x-e2e: denied');
    await answered('without it nothing is', 200, 'east', '/hello');
    await deny({ 'istio.io/dry-run': 'true' });
    await answered('a dry run refuses nothing', 200, 'east', '/hello', '-H', 'x-e2e: denied');
  });

  it('asks the providers of the mesh, and denies where one is not known', async () => {
    const service = 'helloworld.sample.svc.cluster.local';
    const extensionProviders = [
      { name: 'e2e-yes', envoyExtAuthzHttp: { service, port: 5000, pathPrefix: '/hello?asked=' } },
      { name: 'e2e-no', envoyExtAuthzHttp: { service, port: 5000, pathPrefix: '/missing' } },
    ];
    const ask = (name: string) =>
      apply('AuthorizationPolicy', 'ask', {
        ...helloworld,
        action: 'CUSTOM',
        provider: { name },
        // Of this header the provider, which is the same server, is not told.
        rules: [{ when: [{ key: 'request.headers[x-e2e-ask]', values: ['*'] }] }],
      });
    await using _ = await changedMeshConfig((mesh) => ({ ...mesh, extensionProviders }));
    const header = ['-H', 'x-e2e-ask: yes'];
    await ask('e2e-unknown');
    await answered('an unknown provider denies', 403, 'west', '/headers', ...header);
    await answered('what it is not asked about is let in', 200, 'west', '/headers');
    await ask('e2e-no');
    await answered('the answer of the provider is the answer', 404, 'west', '/headers', ...header);
    await ask('e2e-yes');
    await answered('the provider lets in', 200, 'west', '/headers', ...header);
  });

  it('is refused by the API server when it could not be asked', async () => {
    const policy = (spec: object) => ({
      apiVersion: groups['AuthorizationPolicy'],
      kind: 'AuthorizationPolicy',
      metadata: { name: 'e2e-wrong', namespace: 'sample', labels: { 'istio.io/rev': 'default' } },
      spec,
    });
    const wrong = policy({ rules: [{ when: [{ key: 'source.nothing', values: ['x'] }] }] });
    const { code, stderr } = await kubectl(home, 'east', ['apply', '-f', '-'], JSON.stringify(wrong));
    expect(code).not.toBe(0);
    expect(stderr).toContain('unknown attribute source.nothing');
  });
});

describe('RequestAuthentication', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = JSON.stringify({
    keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'e2e', use: 'sig', alg: 'RS256' }],
  });
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  function token(claims: object): string {
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const text = `${encoded({ alg: 'RS256', kid: 'e2e', typ: 'JWT' })}.${encoded({ iss: 'e2e', exp: expires, ...claims })}`;
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  }
  const bearer = (value: string): string[] => ['-H', `Authorization: Bearer ${value}`];

  it('accepts tokens of the issuer only, and tells the application what they say', async () => {
    await apply('RequestAuthentication', 'jwt', {
      ...helloworld,
      jwtRules: [
        {
          issuer: 'e2e',
          jwks,
          fromHeaders: [{ name: 'Authorization', prefix: 'Bearer ' }],
          fromParams: ['token'],
          forwardOriginalToken: true,
          outputPayloadToHeader: 'x-e2e-payload',
          outputClaimToHeaders: [{ header: 'x-e2e-team', claim: 'team' }],
        },
      ],
    });
    await answered('a token that is none is refused', 401, 'west', '/headers', ...bearer('no-token'));
    await answered('a request without one is not', 200, 'west', '/headers');
    const answers = await answered(
      'a valid one is taken',
      200,
      'west',
      '/headers',
      ...bearer(token({ sub: 'me', team: 'red' })),
    );
    const headers = JSON.parse(answers[0]!.body);
    expect(headers['x-e2e-team']).toBe('red');
    expect(JSON.parse(Buffer.from(headers['x-e2e-payload'], 'base64url').toString())).toMatchObject({
      iss: 'e2e',
      sub: 'me',
    });
    expect(headers.authorization).toMatch(/^Bearer /);

    await apply('AuthorizationPolicy', 'token', {
      ...helloworld,
      rules: [
        {
          from: [{ source: { requestPrincipals: ['e2e/me'] } }],
          when: [{ key: 'request.auth.claims[groups]', values: ['admins'] }],
        },
      ],
    });
    const admin = token({ sub: 'me', groups: ['users', 'admins'] });
    await answered('without a token nobody comes in', 403, 'east', '/hello');
    await answered('nor with another claim', 403, 'east', '/hello', ...bearer(token({ sub: 'me', groups: ['users'] })));
    await answered('nor as somebody else', 403, 'east', '/hello', ...bearer(token({ sub: 'you', groups: ['admins'] })));
    await answered('the one who is meant does', 200, 'east', '/hello', ...bearer(admin));
    await answered('by a parameter, too', 200, 'east', `/hello?token=${admin}`);
  });

  it('has istiod fetch the keys, which an EnvoyFilter serves here', async () => {
    const context = 'SIDECAR_INBOUND';
    await apply('EnvoyFilter', 'keys', {
      workloadSelector: { labels: { app: 'helloworld' } },
      configPatches: [
        {
          applyTo: 'HTTP_ROUTE',
          match: { context, routeConfiguration: { vhost: { name: 'inbound|http|5000' } } },
          patch: {
            operation: 'INSERT_FIRST',
            value: {
              name: 'keys',
              match: { path: '/keys' },
              directResponse: { status: 200, body: { inlineString: jwks } },
            },
          },
        },
      ],
    });
    const served = await answered('the keys are served', 200, 'east', '/keys');
    expect(served[0]!.body).toBe(jwks);
    await apply('RequestAuthentication', 'uri', {
      ...helloworld,
      jwtRules: [{ issuer: 'e2e', jwksUri: `${host}/keys`, fromHeaders: [{ name: 'x-token' }] }],
    });
    await answered('a token that is none is refused', 401, 'west', '/hello', '-H', 'x-token: none');
    await answered('a valid one is taken', 200, 'west', '/hello', '-H', `x-token: ${token({ sub: 'me' })}`);
  });
});

describe('EnvoyFilter', () => {
  it('inserts, merges and removes', async () => {
    const filter = 'envoy.filters.network.http_connection_manager';
    await apply('EnvoyFilter', 'header', {
      workloadSelector: { labels: { app: 'curl' } },
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context: 'SIDECAR_OUTBOUND',
            listener: { filterChain: { filter: { name: filter, subFilter: { name: 'envoy.filters.http.router' } } } },
          },
          patch: {
            operation: 'INSERT_BEFORE',
            value: {
              name: 'e2e.lua',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
                default_source_code: {
                  inline_string: 'function envoy_on_request(handle) handle:headers():add("x-e2e-lua", "seen") end',
                },
              },
            },
          },
        },
        {
          applyTo: 'VIRTUAL_HOST',
          match: {
            context: 'SIDECAR_OUTBOUND',
            routeConfiguration: { vhost: { name: 'helloworld.sample.svc.cluster.local:5000' } },
          },
          patch: {
            operation: 'MERGE',
            value: { request_headers_to_add: [{ header: { key: 'x-e2e-merged', value: 'seen' } }] },
          },
        },
        {
          applyTo: 'CLUSTER',
          match: { context: 'SIDECAR_OUTBOUND', cluster: { service: 'helloworld.sample.svc.cluster.local' } },
          patch: { operation: 'MERGE', value: { connect_timeout: '3s' } },
        },
      ],
    });
    await eventually('both headers arrive', async () => {
      const [answer] = await requests('west', '/headers');
      const headers = JSON.parse(answer?.body ?? '{}');
      const isSo = headers['x-e2e-lua'] === 'seen' && headers['x-e2e-merged'] === 'seen';
      return isSo ? { value: true } : { seen: answer?.body ?? 'nothing' };
    });
    expect(await ofProxy('west', 'curl', 'config_dump?resource=dynamic_active_clusters')).toContain('"3s"');
  });
});

/** A page of a proxy's own interface. */
async function ofProxy(cluster: string, app: string, page: string): Promise<string> {
  const pod = await kubectl(home, cluster, ['-n', 'sample', 'get', 'pod', '-l', `app=${app}`, '-o', 'name']);
  const args = ['exec', pod.stdout.trim(), '-c', 'istio-proxy', '--', 'curl', '-s', `http://127.0.0.1:15000/${page}`];
  return (await kubectl(home, cluster, ['-n', 'sample', ...args])).stdout;
}

describe('Telemetry', () => {
  it('logs what its filter lets through, and counts with the labels that are asked for', async () => {
    await apply('Telemetry', 'logs', {
      ...helloworld,
      accessLogging: [{ providers: [{ name: 'envoy' }], filter: { expression: 'response.code >= 400' } }],
      metrics: [
        {
          providers: [{ name: 'prometheus' }],
          overrides: [
            {
              match: { metric: 'REQUEST_COUNT', mode: 'SERVER' },
              tagOverrides: { source_app: { operation: 'REMOVE' }, e2e_method: { value: 'request.method' } },
            },
            { match: { metric: 'REQUEST_SIZE' }, disabled: true },
          ],
        },
      ],
    });
    const logs = async () =>
      (await kubectl(home, 'west', ['-n', 'sample', 'logs', '-l', 'app=helloworld', '-c', 'istio-proxy', '--tail=400']))
        .stdout;
    let attempt = 0;
    await eventually('the failure alone is logged', async () => {
      const [bad, good] = [`/missing-${++attempt}`, `/hello?good-${attempt}`];
      await requests('west', good);
      await requests('west', bad);
      // Envoy writes its logs in batches.
      const text = await eventually(
        'the failure is logged',
        async () => {
          const seen = await logs();
          return seen.includes(bad) ? { value: seen } : { seen: `${seen.length} bytes` };
        },
        20_000,
      );
      return text.includes(`good-${attempt}`) ? { seen: 'both' } : { value: true };
    });
    const stats = await ofProxy('west', 'helloworld', 'stats/prometheus?filter=requests_total');
    const counted = stats.split('\n').filter((line) => line.includes('e2e_method="GET"'));
    expect(counted.length).toBeGreaterThan(0);
    for (const line of counted) expect(line).not.toContain('source_app=');
  });
});
