import { beforeAll, describe, expect, inject, it } from 'vitest';
import { createIntermediate, createRoot } from '../../src/pki/index.ts';
import { tryRun } from '../../src/process/index.ts';
import { judgeAnswers } from '../support/api-answers.ts';
import { type ConsoleClient, consoleAt, consoleOf, startLoad, untilLink } from '../support/console.ts';
import { eventually, isthmus, kubectl, putBack, startIsthmus } from '../support/isthmus.ts';

const home = inject('home');
const inSystem = (cluster: string, ...args: string[]) => kubectl(home, cluster, ['-n', 'istio-system', ...args]);
let client: ConsoleClient;

beforeAll(async () => {
  client = await consoleOf(home);
});

const nameOf = (node: any): string => `${node.cluster}/${node.workload ?? node.service}`;

async function edges(query: string): Promise<Map<string, any>> {
  const graph = await client.get<any>(`/api/namespaces/graph?${query}`);
  const nodes = new Map(graph.elements.nodes.map(({ data }: any) => [data.id, data]));
  return new Map(
    graph.elements.edges.map(({ data }: any) => [
      `${nameOf(nodes.get(data.source))} ${nameOf(nodes.get(data.target))}`,
      data,
    ]),
  );
}

it('answers every question as its OpenAPI document says', async () => {
  const { workloads } = await client.get<any>('/api/clusters/workloads?namespaces=sample&clusters=east');
  expect(workloads.map((one: any) => one.name)).toContain('curl');
  const { pods } = await client.get<any>('/api/namespaces/sample/workloads/curl?clusterName=east');
  const gateway = { group: 'networking.istio.io', version: 'v1', kind: 'Gateway', '{kind}': 'cross-network-gateway' };
  const names = { workloads: 'curl', apps: 'curl', applications: 'curl', services: 'helloworld', pods: pods[0].name };
  const query = 'clusterName=east&namespace=sample&from=east/sample/curl&to=helloworld.sample:5000';
  const isConfig = (path: string): boolean => path.includes('/istio/{group}');
  for (const [namespace, isAsked] of [
    ['istio-system', isConfig],
    ['sample', (path: string) => !isConfig(path)],
  ] as const) {
    const places = { parameters: { namespace, ...gateway }, names: { ...names, ...gateway }, query };
    const { asked, faults } = await judgeAnswers(client, places, isAsked);
    expect(faults).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  }
});

it('reads the certificates of all proxies, and the doctor finds nothing in a sound mesh', async () => {
  await eventually('all are read', async () => {
    const { certificates, unread } = await client.get<any>('/api/mesh/certificates');
    const states = certificates.map((one: any) => one.state);
    return unread.length === 0 && states.length > 0 && states.every((one: string) => one === 'ok')
      ? { value: true }
      : { seen: JSON.stringify({ unread, states }) };
  });
  const { certificates } = await client.get<any>('/api/mesh/certificates?namespaces=sample&clusters=west');
  expect(certificates.map((one: any) => one.identity)).toContain('spiffe://cluster.local/ns/sample/sa/curl');
  await eventually('the doctor is content', async () => {
    const report = await client.get<any>('/api/doctor');
    return report.healthy ? { value: true } : { seen: JSON.stringify(report.findings) };
  });
});

describe('the traffic graph', () => {
  it('shows within 10 % what a load generator has sent, across clusters as within them', async () => {
    const seconds = 30;
    await using east = startLoad(home, 'east', 20, 60);
    await using west = startLoad(home, 'west', 10, 60);
    await eventually(
      'the load has run for the whole range',
      async () => {
        const sent = [...east.answers(120).values()].reduce((sum, one) => sum + one, 0);
        return sent >= 20 * (seconds + 6) ? { value: true } : { seen: `${sent} answers` };
      },
      90_000,
    );
    const sent = { east: east.answers(seconds), west: west.answers(seconds) };
    const found = await edges(`duration=${seconds}s&namespaces=sample&graphType=workload&injectServiceNodes=false`);
    for (const from of ['east', 'west'] as const)
      for (const [version, to] of [
        ['v1', 'east'],
        ['v2', 'west'],
      ] as const) {
        const edge = found.get(`${from}/curl ${to}/helloworld-${version}`);
        const expected = sent[from].get(version)! / seconds;
        expect(expected).toBeGreaterThan(1);
        const shown = Number(edge?.traffic.rates.http);
        expect(
          Math.abs(shown - expected) / expected,
          `${from} to ${to}: sent ${expected}/s, shown ${shown}/s`,
        ).toBeLessThan(0.1);
        expect(edge.isMTLS).toBe('100');
        expect(Number(edge.responseTime)).toBeGreaterThan(0);
        expect(edge.crossNetwork?.gateway?.cluster).toBe(from === to ? undefined : to);
      }
    const answered = [...east.answers(seconds).values()].reduce((sum, one) => sum + one, 0) / seconds;
    const top = JSON.parse((await isthmus(['top', '-o', 'json', '--duration', '30s'], { home })).stdout);
    const curl = top.rows.find((one: any) => one.cluster === 'east' && one.workload === 'curl');
    expect(
      Math.abs(curl.outbound - answered) / answered,
      `${answered}/s answered, ${curl.outbound}/s shown`,
    ).toBeLessThan(0.1);
    expect((await isthmus(['graph', '--duration', '30s'], { home })).stdout).toMatch(
      /east\/sample\/curl +west\/sample\/helloworld-v2 +http/,
    );
  });
});

describe('a broken link is drawn broken, with its reason, within 15 s', () => {
  it('when a gateway is stopped', async () => {
    await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=0');
    try {
      const { link } = await untilLink(client, 'east-west:east>west', 'broken');
      expect(link.why).toContain('istio-eastwestgateway');
      expect(link.fix).toContain('scale');
      const crossing = (await edges('duration=10m&namespaces=sample&injectServiceNodes=false')).get(
        'east/curl west/helloworld-v2',
      );
      expect(crossing?.broken).toContain('istio-eastwestgateway');
      expect(crossing.healthStatus).toBe('Failure');
      // What is mended within a moment is no event: it is waited for while the gateway is stopped.
      const told = await eventually('the broken link is told as an event', async () => {
        const { events: so } = await client.get<any>('/api/events');
        const found = so.find((one: any) => one.link?.id === 'east-west:east>west' && one.link.state === 'broken');
        return found ? { value: found } : { seen: JSON.stringify(so.slice(0, 5)) };
      });
      expect(told.message).toContain('istio-eastwestgateway');
    } finally {
      await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=1');
    }
    await untilLink(client, 'east-west:east>west', 'ok', 60_000);
    const { events } = await client.get<any>('/api/events');
    const scaled = events.find(
      (one: any) => one.type === 'updated' && one.object?.name === 'istio-eastwestgateway' && one.cluster === 'west',
    );
    expect(scaled.fields).toContain('spec.replicas');
    expect(scaled.by).toBeTruthy();
  });

  it('when a remote secret is removed', async () => {
    const { stdout: kept } = await inSystem('east', 'get', 'secret', 'istio-remote-secret-west', '-o', 'json');
    await inSystem('east', 'delete', 'secret', 'istio-remote-secret-west');
    const { link } = await untilLink(client, 'remote-secret:east>west', 'broken');
    expect(link.why).toContain('istio/multiCluster=true');
    await putBack(home, 'east', kept);
    await untilLink(client, 'remote-secret:east>west', 'ok', 60_000);
  });

  it('when the token in a remote secret is no longer good', async () => {
    const { stdout: kept } = await inSystem('east', 'get', 'secret', 'istio-remote-secret-west', '-o', 'json');
    const { data } = JSON.parse(kept);
    const kubeconfig = Buffer.from(data.west, 'base64')
      .toString('utf8')
      .replace(/token: .*/, 'token: revoked');
    const patch = (west: string) =>
      inSystem(
        'east',
        'patch',
        'secret',
        'istio-remote-secret-west',
        '--type=merge',
        '-p',
        JSON.stringify({ data: { west } }),
      );
    await patch(Buffer.from(kubeconfig).toString('base64'));
    const { link } = await untilLink(client, 'remote-secret:east>west', 'broken');
    expect(link.why).toMatch(/refused by west|has not read west/);
    await putBack(home, 'east', kept);
    await untilLink(client, 'remote-secret:east>west', 'ok', 60_000);
  });

  it('when a certificate has expired', async () => {
    const { stdout: kept } = await inSystem('west', 'get', 'secret', 'cacerts', '-o', 'json');
    const root = await createRoot({ commonName: 'Root' });
    const expired = await createIntermediate(root, { commonName: 'Expired', days: -1 / 24 });
    const encoded = (pem: string) => Buffer.from(pem).toString('base64');
    const patch = (changed: Record<string, string>) =>
      inSystem('west', 'patch', 'secret', 'cacerts', '--type=merge', '-p', JSON.stringify({ data: changed }));
    await patch({ 'ca-cert.pem': encoded(expired.certPem), 'cert-chain.pem': encoded(expired.certPem + root.certPem) });
    const { link } = await untilLink(client, 'trust:east>west', 'broken');
    expect(link.why).toMatch(/west: .*expired/);
    await putBack(home, 'west', kept);
    await untilLink(client, 'trust:east>west', 'ok', 60_000);
  });
});

it('goes on when an API server hangs, and says which, since when, and why', async () => {
  const pattern = `cluster-process.ts west ${home}/`;
  await tryRun('pkill', ['-STOP', '-f', pattern]);
  try {
    const west = await eventually(
      'west is shown as silent',
      async () => {
        const found = (await client.get<any>('/api/clusters')).find((one: any) => one.name === 'west');
        return found.accessible ? { seen: JSON.stringify(found) } : { value: found };
      },
      15_000,
    );
    expect(west.reason).toContain('no answer');
    expect(Date.parse(west.lastSeen)).toBeGreaterThan(Date.now() - 60_000);
    const { workloads, problems } = await client.get<any>('/api/clusters/workloads?duration=1m');
    expect(workloads.filter((one: any) => one.cluster === 'east' && one.namespace === 'sample')).toHaveLength(2);
    expect(problems.map((one: any) => one.cluster)).toContain('west');
  } finally {
    await tryRun('pkill', ['-CONT', '-f', pattern]);
  }
  await eventually(
    'west is back',
    async () => {
      const found = (await client.get<any>('/api/clusters')).find((one: any) => one.name === 'west');
      return found.accessible ? { value: true } : { seen: JSON.stringify(found) };
    },
    30_000,
  );
});

it('never tells a value of a Secret', async () => {
  const secrets = await Promise.all(
    ['east', 'west'].map((cluster) => kubectl(home, cluster, ['get', 'secrets', '-A', '-o', 'json'])),
  );
  const values = secrets
    .flatMap(({ stdout }) => JSON.parse(stdout).items)
    .flatMap((one: any) => Object.entries<string>(one.data ?? {}));
  const secretValues = values
    .filter(([key]) => /key|token$|west|kubeconfig/.test(key))
    .flatMap(([, value]) => [value, Buffer.from(value, 'base64').toString('utf8').trim()]);
  const tokens = secretValues.flatMap((one) => /token: "?([\w.-]{40,})/.exec(one)?.[1] ?? []);
  expect(tokens.length).toBeGreaterThan(0);
  const openapi = await client.get<any>('/api/openapi.json');
  const names = { workloads: 'curl', apps: 'helloworld', services: 'helloworld', applications: 'helloworld' } as Record<
    string,
    string
  >;
  const pod = (await client.get<any>('/api/namespaces/sample/workloads/curl?clusterName=east')).pods[0].name;
  const paths = Object.entries<any>(openapi.paths)
    .filter(([path, methods]) => methods.get && !path.endsWith('/stream'))
    .map(([path]) =>
      path
        .replace('{namespace}', path.includes('/istio/') ? 'istio-system' : 'sample')
        .replace('{group}/{version}/{kind}/{name}', 'networking.istio.io/v1/Gateway/cross-network-gateway')
        .replace('{group}/{version}/{kind}', 'networking.istio.io/v1/Gateway')
        .replace(/(\w+)\/\{name\}/, (_, type) => `${type}/${type === 'pods' ? pod : names[type]}`),
    );
  expect(paths.length).toBeGreaterThan(30);
  for (const path of paths) {
    const { status, text } = await client.ask(
      `${path}?clusterName=east&namespace=sample&from=east/sample/curl&to=helloworld.sample:5000/hello`,
    );
    expect(status, `${path}: ${text.slice(0, 300)}`).toBe(200);
    for (const value of [...secretValues, ...tokens])
      expect(text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1)), `${path} tells a secret`).toBe(
        false,
      );
    expect(text).not.toMatch(/PRIVATE KEY/);
  }
});

describe('who may ask', () => {
  it('is nobody from elsewhere, and nobody from another site', async () => {
    const refused = await isthmus(['console', '--listen', '0.0.0.0', '--port', '0'], { home });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('--auth token');
    const { port } = new URL(client.url);
    // fetch does not let Host be set: what a rebound name would send is sent by hand.
    const rebound = await tryRun('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-H',
      `Host: evil.example:${port}`,
      `${client.url}/api/mesh`,
    ]);
    expect(rebound.stdout).toBe('403');
    expect((await client.ask('/api/mesh', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    const page = await client.ask('/');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|style=/);
  });

  it('is, with --auth token, who has a token, and they see what they may list', async () => {
    const account = (cluster: string) =>
      kubectl(
        home,
        cluster,
        ['apply', '-f', '-'],
        [
          'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: viewer, namespace: sample}',
          'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: viewer, namespace: sample}\nrules: [{apiGroups: [""], resources: [pods], verbs: [list]}]',
          'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: viewer, namespace: sample}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: viewer}\nsubjects: [{kind: ServiceAccount, name: viewer, namespace: sample}]',
        ].join('\n---\n'),
      );
    await account('east');
    const { stdout: token } = await kubectl(home, 'east', ['-n', 'sample', 'create', 'token', 'viewer']);
    const running = startIsthmus(['console', '--auth', 'token', '--port', '0'], { home });
    try {
      await running.until(/Console: /);
      const own = consoleAt(/Console: (\S+)/.exec(running.output())![1]!);
      await eventually('its clusters are read', async () => {
        const { status, body } = await own.ask('/api/clusters', {
          headers: { authorization: `Bearer ${token.trim()}` },
        });
        return status === 200 && body.every((one: any) => one.accessible)
          ? { value: true }
          : { seen: JSON.stringify(body) };
      });
      expect((await own.ask('/api/mesh')).status).toBe(401);
      expect((await own.ask('/api/mesh', { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401);
      const signedIn = await own.ask('/api/authenticate', {
        method: 'POST',
        body: new URLSearchParams({ token: token.trim() }),
      });
      expect(signedIn.body.username).toBe('system:serviceaccount:sample:viewer');
      const cookie = signedIn.headers.get('set-cookie')!;
      expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
      const headers = { cookie: cookie.split(';')[0]! };
      const namespaces = await eventually('their namespace is seen', async () => {
        const found = await own.get<any[]>('/api/namespaces', { headers });
        return found.length > 0 ? { value: found } : { seen: 'none' };
      });
      expect(namespaces.map((one) => `${one.cluster}/${one.name}`)).toEqual(['east/sample']);
      expect((await own.get<any>('/api/istio/config', { headers })).items).toEqual([]);
      const mesh = await own.get<any>('/api/mesh', { headers });
      expect(mesh.clusters.every((one: any) => one.remoteSecrets.length === 0)).toBe(true);
      const pod = (await own.get<any>('/api/namespaces/sample/workloads/curl?clusterName=east', { headers })).pods[0]
        .name;
      expect((await own.ask(`/api/namespaces/sample/pods/${pod}/logs?clusterName=east`, { headers })).status).toBe(403);
    } finally {
      running.child.kill('SIGTERM');
      await running.ended;
      await kubectl(home, 'east', [
        '-n',
        'sample',
        'delete',
        'serviceaccount/viewer',
        'role/viewer',
        'rolebinding/viewer',
      ]);
    }
  });
});

it('changes configuration with --allow-edit only, and shows first what would change', async () => {
  const rule = (maxConnections: number, host = 'helloworld.sample.svc.cluster.local') =>
    JSON.stringify({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'edited', namespace: 'sample' },
      spec: { host, trafficPolicy: { connectionPool: { tcp: { maxConnections } } } },
    });
  const applied = await kubectl(home, 'east', ['apply', '-f', '-'], rule(100));
  expect(applied.code, applied.stderr).toBe(0);
  const path = '/api/namespaces/sample/istio/networking.istio.io/v1/DestinationRule/edited?clusterName=east';
  await eventually('the object is seen', async () => {
    const { status, text } = await client.ask(path);
    return status === 200 ? { value: true } : { seen: text };
  });
  const put = (to: ConsoleClient, query: string, body: string) => to.ask(path + query, { method: 'PUT', body });
  expect((await put(client, '', rule(7))).status).toBe(403);
  const running = startIsthmus(['console', '--allow-edit', '--port', '0'], { home });
  try {
    await running.until(/Console: /);
    const own = consoleAt(/Console: (\S+)/.exec(running.output())![1]!);
    await eventually('the object is seen there', async () => {
      const { status, text } = await own.ask(path);
      return status === 200 ? { value: true } : { seen: text };
    });
    const value = async () =>
      (
        await kubectl(home, 'east', [
          '-n',
          'sample',
          'get',
          'destinationrule',
          'edited',
          '-o',
          'jsonpath={.spec.trafficPolicy.connectionPool.tcp.maxConnections}',
        ])
      ).stdout;
    const dry = (await put(own, '&dryRun=true', rule(7, 'nowhere'))).body;
    expect(dry.fields).toContainEqual({
      path: 'spec.trafficPolicy.connectionPool.tcp.maxConnections',
      before: '100',
      after: '7',
    });
    // kubectl's note of what it applied last is not in the text, and stays.
    expect(dry.fields.map((one: any) => one.path).sort()).toEqual([
      'spec.host',
      'spec.trafficPolicy.connectionPool.tcp.maxConnections',
    ]);
    expect(dry.checks.map((one: any) => one.code)).toContain('KIA0202');
    expect(await value()).toBe('100');
    // Managed fields tell their times in whole seconds: who was last within one is not to be known.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await put(own, '', rule(7))).body.changed).toBe(true);
    expect(await value()).toBe('7');
    expect((await put(own, '', 'kind: Secret\nmetadata: {name: edited}')).status).toBe(400);
    const item = await eventually('the change is seen', async () => {
      const { items } = await own.get<any>('/api/istio/config?namespaces=sample');
      const found = items.find((one: any) => one.name === 'edited' && one.updatedBy === 'isthmus-console');
      return found ? { value: found } : { seen: JSON.stringify(items) };
    });
    expect(item.inEffect).toBe(true);
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
    await kubectl(home, 'east', ['-n', 'sample', 'delete', 'destinationrule', 'edited']);
  }
});

it('is left running by a second up', async () => {
  const again = await isthmus(['up', '--no-verify', '-o', 'json'], { home });
  expect(JSON.parse(again.stdout).console).toBe(client.url);
});
