import { beforeEach, describe, expect, it } from 'vitest';
import {
  endpointOf,
  outbound,
  type PlantedProxies,
  type PlantedProxy,
  plantProxies,
} from '../../../test/support/planted-proxies.ts';
import { createRoot, issueLeaf } from '../../pki/index.ts';
import { stepsOf } from './conclude.ts';
import { type Explanation, explain } from './index.ts';

let mesh: PlantedProxies;
beforeEach(async () => {
  mesh = await plantProxies();
});

const ask = (from = 'east/sample/curl', to = 'helloworld.sample:5000/hello', more: object = {}): Promise<Explanation> =>
  explain({ clusters: mesh.clusters, from, to, ...more });
const proxy = (side: 'east' | 'west', name: string): PlantedProxy => mesh[side].proxies.get(name)!;
const codes = (found: Explanation): string[] =>
  found.deviations
    .filter((one) => one.severity !== 'info')
    .map((one) => one.code)
    .sort();
const deciding = (found: Explanation, kind: string): string[] =>
  stepsOf(found.path)
    .filter((one) => one.kind === kind)
    .flatMap((one) =>
      one.decisions.map((each) => [each.kind, each.cluster, each.name, each.field].filter(Boolean).join(' ')),
    );

describe('a mesh in which all is well', () => {
  it('is explained to its end in both clusters, with the objects that decide', async () => {
    const found = await ask();
    expect(found.summary).toBe('50 % reach helloworld-v1-1 in east; 50 % reach helloworld-v2-1 in west.');
    expect(found).toMatchObject({
      outcome: 'reaches',
      deviations: [],
      unread: [],
      to: { hostname: 'helloworld.sample.svc.cluster.local' },
      from: { clusterId: 'east', network: 'network1' },
    });
    expect(deciding(found, 'name')).toEqual(['Service east helloworld spec.clusterIP']);
    expect(deciding(found, 'listener')).toEqual(['Service east helloworld spec.ports[0]']);
    expect(deciding(found, 'endpoints')).toEqual([
      'EndpointSlice east helloworld-abcde',
      'EndpointSlice west helloworld-abcde',
    ]);
    expect(deciding(found, 'gateway')).toEqual([
      'Service west istio-eastwestgateway metadata.labels',
      'Gateway east cross-network-gateway spec.servers',
    ]);
    const [, far] = found.path.branches;
    expect(far?.steps.map((one) => one.kind)).toEqual(['tls', 'gateway', 'inbound', 'authorization', 'application']);
    expect(far?.steps[2]?.details.join()).toContain('client certificate spiffe://cluster.local/ns/sample/sa/curl');
  });

  it("is the mirror from the other cluster, whose configuration is the primary's", async () => {
    const found = await ask('west/sample/curl');
    expect(found.summary).toBe('50 % reach helloworld-v1-1 in east; 50 % reach helloworld-v2-1 in west.');
    expect(found.path.steps[0]?.details).toContain('configured by istiod of east');
  });

  it('can be written for machines', async () => {
    const found = await ask();
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });
});

/** Puts an RBAC filter into the inbound chains of both servers. */
function filtered(config: object): void {
  for (const [side, name] of [
    ['east', 'helloworld-v1-1'],
    ['west', 'helloworld-v2-1'],
  ] as const) {
    const [chain] = proxy(side, name).listeners.get('virtualInbound').filter_chains;
    const typed_config = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', ...config };
    chain.filters[0].typed_config.http_filters.unshift({ name: 'envoy.filters.http.rbac', typed_config });
  }
}

interface Case {
  change: () => unknown;
  expected: string[];
  outcome: Explanation['outcome'];
  /** In the message of one deviation. */
  says?: string;
  /** In the fix of one deviation. */
  fix?: string;
  from?: string;
  to?: string;
}

const route = () => proxy('east', 'curl-1').routes.get('5000').virtual_hosts[0];
const cluster = () => proxy('east', 'curl-1').clusters.get(outbound);
const virtualService = (side: 'east' | 'west', name: string, spec: object) =>
  mesh[side].put('VirtualService', 'sample', name, { spec: { hosts: ['helloworld'], ...spec } });
const strict = () => {
  mesh.east.put('PeerAuthentication', 'sample', 'default', { spec: { mtls: { mode: 'STRICT' } } });
  for (const [side, name] of [
    ['east', 'helloworld-v1-1'],
    ['west', 'helloworld-v2-1'],
  ] as const) {
    const listener = proxy(side, name).listeners.get('virtualInbound');
    listener.filter_chains = listener.filter_chains.slice(0, 1);
  }
};
const disable = () => {
  mesh.east.put('DestinationRule', 'sample', 'plain', {
    spec: { host: 'helloworld', trafficPolicy: { tls: { mode: 'DISABLE' } } },
  });
  cluster().transport_socket_matches = [];
  const { endpoints } = proxy('east', 'curl-1');
  endpoints.set(outbound, endpoints.get(outbound)!.slice(0, 1));
};
const localAlone = () => {
  const { endpoints } = proxy('east', 'curl-1');
  endpoints.set(outbound, endpoints.get(outbound)!.slice(0, 1));
};
const replaceCertificate = async (seconds: number, names: string[], root = mesh.root, skew = 120) => {
  const leaf = await issueLeaf(root, { uris: names, seconds, notBeforeSkewSeconds: skew });
  proxy('east', 'helloworld-v1-1').certificate = leaf.certPem;
};
const account = 'spiffe://cluster.local/ns/sample/sa/default';

const cases: Record<string, Case> = {
  'a name that nobody has': {
    change: () => {},
    to: 'helloworl.sample:5000',
    expected: ['host-unknown'],
    outcome: 'fails',
    says: 'There is helloworld.sample',
    fix: 'helloworld.sample:5000',
  },
  'a service of the other cluster alone': {
    change: () => mesh.east.remove('Service', 'helloworld'),
    expected: ['host-not-in-cluster'],
    outcome: 'fails',
    says: 'in west alone',
    fix: '--context east -n sample create service clusterip helloworld',
  },
  'a port that is not declared': {
    change: () => {},
    to: 'helloworld.sample:5001',
    expected: ['port-not-declared'],
    outcome: 'fails',
    says: '5000 (http)',
  },
  'a port by another name in the other cluster': {
    change: () => {
      mesh.west.get('Service', 'helloworld').spec.ports[0].name = 'tcp-hello';
      mesh.west.get('EndpointSlice', 'helloworld-abcde').ports[0].name = 'tcp-hello';
      localAlone();
    },
    expected: ['port-name-differs'],
    outcome: 'reaches',
    says: 'called tcp-hello in west and http in east',
    fix: '/spec/ports/0/name',
  },
  'a client without a proxy': {
    change: () => {
      const pod = mesh.east.get('Pod', 'curl-1');
      pod.spec.containers = [{ name: 'app' }];
      mesh.east.get('Namespace', 'sample').metadata.labels = {};
    },
    expected: ['sidecar-missing'],
    outcome: 'reaches',
    says: 'no label istio-injection=enabled',
    fix: 'label namespace sample istio-injection=enabled',
  },
  'a proxy that cannot be asked': {
    change: () => mesh.east.proxies.delete('curl-1'),
    expected: ['proxy-unreadable'],
    outcome: 'unknown',
  },
  'a proxy that istiod does not know': {
    change: () => mesh.east.pages.set('syncz', [{ cluster_id: 'west', proxy: 'curl-1.other' }]),
    expected: ['proxy-not-connected'],
    outcome: 'reaches',
  },
  'a proxy that has not acknowledged': {
    change: () =>
      (mesh.east.pages.get('syncz') as any[])[0] && ((mesh.east.pages.get('syncz') as any[])[0].route_sent = '2'),
    expected: ['proxy-not-synced'],
    outcome: 'reaches',
    says: 'routes',
  },
  'a port that is kept from the proxy': {
    change: () =>
      (mesh.east.get('Pod', 'curl-1').metadata.annotations = {
        'traffic.sidecar.istio.io/excludeOutboundPorts': '80,5000',
      }),
    expected: ['capture-excluded'],
    outcome: 'reaches',
  },
  'no rule of the VirtualService for the path': {
    change: () => {
      virtualService('east', 'vs', { http: [{ match: [{ uri: { exact: '/other' } }], route: [] }] });
      route().routes = [{ match: { path: '/other' } }];
    },
    expected: ['route-no-match'],
    outcome: 'fails',
    says: 'leaves no default route',
  },
  'a subset that no DestinationRule has': {
    change: () => {
      virtualService('east', 'vs', { http: [{ route: [{ destination: { host: 'helloworld', subset: 'v9' } }] }] });
      mesh.east.put('DestinationRule', 'sample', 'dr', { spec: { host: 'helloworld', subsets: [{ name: 'v1' }] } });
      route().routes = [{ name: 'vs.0', match: { prefix: '/' }, route: { cluster: outbound.replace('||', '|v9|') } }];
    },
    expected: ['subset-not-defined'],
    outcome: 'fails',
    says: 'has v1',
    fix: 'patch destinationrule dr',
  },
  'a subset without pods': {
    change: () => {
      mesh.east.put('DestinationRule', 'sample', 'dr', {
        spec: { host: 'helloworld', subsets: [{ name: 'v9', labels: { version: 'v9' } }] },
      });
      const name = outbound.replace('||', '|v9|');
      route().routes[0].route.cluster = name;
      proxy('east', 'curl-1').clusters.set(name, { ...cluster() });
    },
    expected: ['subset-empty'],
    outcome: 'fails',
  },
  'a VirtualService where nobody reads it': {
    change: () => void virtualService('west', 'vs', {}),
    expected: ['config-not-read'],
    outcome: 'reaches',
    says: 'VirtualService west/sample/vs has no effect',
    fix: 'kubectl --context east apply',
  },
  'a PeerAuthentication where nobody reads it': {
    change: () => void mesh.west.put('PeerAuthentication', 'sample', 'x', { spec: { mtls: { mode: 'STRICT' } } }),
    expected: ['config-not-read'],
    outcome: 'reaches',
  },
  'a Sidecar that leaves the service out': {
    change: () => {
      mesh.east.put('Sidecar', 'sample', 'narrow', { spec: { egress: [{ hosts: ['./*.x'] }] } });
      proxy('east', 'curl-1').listeners.delete('0.0.0.0_5000');
    },
    expected: ['route-cluster-missing'],
    outcome: 'reaches',
    says: 'Sidecar east/sample/narrow has egress hosts ./*.x',
  },
  'a host that the routes of the port do not name': {
    change: () => void proxy('east', 'curl-1').routes.get('5000').virtual_hosts.shift(),
    expected: ['route-cluster-missing'],
    outcome: 'reaches',
    says: 'has not been told of it yet',
  },
  'no endpoints': {
    change: () => {
      for (const side of [mesh.east, mesh.west]) side.get('EndpointSlice', 'helloworld-abcde').endpoints = [];
      proxy('east', 'curl-1').endpoints.set(outbound, []);
    },
    expected: ['no-endpoints'],
    outcome: 'fails',
  },
  'endpoints that are not well': {
    change: () => {
      for (const one of proxy('east', 'curl-1').endpoints.get(outbound)!) one.health_status = 'UNHEALTHY';
    },
    expected: ['no-healthy-endpoint'],
    outcome: 'fails',
  },
  'an endpoint that is ejected': {
    change: () =>
      void proxy('east', 'curl-1').status.set(`${outbound} 10.10.0.12 5000`, {
        health_status: { failed_outlier_check: true, eds_health_status: 'HEALTHY' },
      }),
    expected: ['endpoint-ejected'],
    outcome: 'reaches',
  },
  'a pod that is not ready': {
    change: () => {
      mesh.west.get('EndpointSlice', 'helloworld-abcde').endpoints[0].conditions.ready = false;
      localAlone();
    },
    expected: ['endpoint-not-ready'],
    outcome: 'reaches',
    fix: '--context west -n sample describe pod helloworld-v2-1',
  },
  'no remote secret': {
    change: () => {
      mesh.east.pages.set('clusterz', [{ id: 'east', secretName: '', syncStatus: 'synced' }]);
      localAlone();
    },
    expected: ['remote-not-synced'],
    outcome: 'reaches',
    fix: 'create-remote-secret --context=west --name=west',
  },
  'a remote that is not synced': {
    change: () => {
      (mesh.east.pages.get('clusterz') as any[])[1].syncStatus = 'timeout';
      localAlone();
    },
    expected: ['remote-not-synced'],
    outcome: 'reaches',
    says: 'timeout',
  },
  'a gateway without address': {
    change: () => {
      mesh.west.get('Service', 'istio-eastwestgateway').status = {};
      localAlone();
    },
    expected: ['gateway-address-missing'],
    outcome: 'reaches',
  },
  'a gateway without the label of its network': {
    change: () => {
      mesh.west.get('Service', 'istio-eastwestgateway').metadata.labels = {};
      localAlone();
    },
    expected: ['gateway-missing'],
    outcome: 'reaches',
    fix: 'label service istio-eastwestgateway topology.istio.io/network=network2',
  },
  'a gateway without pods': {
    change: () => mesh.west.remove('Pod', 'gateway-1'),
    expected: ['gateway-not-running'],
    outcome: 'partly',
    fix: 'scale deployment/istio-eastwestgateway --replicas=1',
  },
  'a gateway that was not reached': {
    change: () =>
      void proxy('east', 'curl-1').status.set(`${outbound} 192.168.49.30 15443`, {
        stats: [{ name: 'cx_connect_fail', value: '3' }],
      }),
    expected: ['gateway-unreachable'],
    outcome: 'reaches',
    says: '3 times',
  },
  'a gateway that exposes nothing': {
    change: () => {
      mesh.east.remove('Gateway', 'cross-network-gateway');
      proxy('west', 'gateway-1').listeners.clear();
    },
    expected: ['gateway-no-chain'],
    outcome: 'partly',
    says: 'AUTO_PASSTHROUGH',
  },
  'a gateway that exposes others': {
    change: () => {
      const listener = proxy('west', 'gateway-1').listeners.get('0.0.0.0_15443');
      listener.filter_chains[0].filter_chain_match.server_names = ['outbound_.80_._.other'];
    },
    expected: ['gateway-no-chain'],
    outcome: 'partly',
    says: 'no filter chain for SNI outbound_.5000_._.helloworld.sample.svc.cluster.local',
  },
  'a far pod without a sidecar': {
    change: () => {
      const pod = mesh.west.get('Pod', 'helloworld-v2-1');
      pod.metadata.labels = { app: 'helloworld', version: 'v2' };
      pod.spec.containers = [{ name: 'app' }];
      localAlone();
    },
    expected: ['sidecar-missing'],
    outcome: 'reaches',
    says: 'only mutual TLS crosses networks',
  },
  "STRICT, with TLS disabled by the client's rule": {
    change: () => {
      strict();
      disable();
    },
    expected: ['tls-clash', 'tls-clash'],
    outcome: 'fails',
    says: 'DestinationRule east/sample/plain: TLS mode DISABLE) and the server demands mutual TLS (PeerAuthentication east/sample/default: STRICT)',
    fix: 'edit destinationrule plain',
  },
  'a server that does not end mutual TLS': {
    change: () => {
      mesh.east.put('PeerAuthentication', 'sample', 'off', { spec: { mtls: { mode: 'DISABLE' } } });
      const listener = proxy('east', 'helloworld-v1-1').listeners.get('virtualInbound');
      listener.filter_chains = [
        { name: 'plain', filter_chain_match: { destination_port: 5000 }, filters: listener.filter_chains[1].filters },
      ];
    },
    expected: ['tls-clash'],
    outcome: 'partly',
    says: 'PeerAuthentication east/sample/off: DISABLE',
  },
  'a certificate below another root': {
    change: async () => replaceCertificate(3600, [account], await createRoot({ commonName: 'Stranger' })),
    expected: ['certificate-other-root'],
    outcome: 'partly',
    says: 'east/sample/curl-1 trusts',
  },
  'a certificate that has expired': {
    change: () => replaceCertificate(-60, [account], mesh.root, 3600),
    expected: ['certificate-expired'],
    outcome: 'partly',
    fix: '--context east -n sample delete pod helloworld-v1-1',
  },
  'no certificate': {
    change: () => void (proxy('east', 'helloworld-v1-1').certificate = ''),
    expected: ['certificate-missing'],
    outcome: 'partly',
  },
  'a server by another name': {
    change: () => replaceCertificate(3600, ['spiffe://cluster.local/ns/sample/sa/other']),
    expected: ['san-mismatch'],
    outcome: 'partly',
    says: 'is shown spiffe://cluster.local/ns/sample/sa/other',
  },
  'a policy that denies': {
    change: () => {
      mesh.east.put('AuthorizationPolicy', 'sample', 'nobody', { spec: {} });
      filtered({ rules: { policies: { 'ns[sample]-policy[nobody]-rule[0]': {} } } });
    },
    expected: ['authorization-denied'],
    outcome: 'fails',
    says: 'does not let spiffe://cluster.local/ns/sample/sa/curl in for GET /hello',
  },
  'a policy that is tried in a dry run': {
    change: () => {
      const policy = mesh.east.put('AuthorizationPolicy', 'sample', 'dry', { spec: { action: 'DENY', rules: [{}] } });
      policy.metadata.annotations = { 'istio.io/dry-run': 'true' };
      filtered({ shadow_rules: { action: 'DENY', policies: { 'ns[sample]-policy[dry]-rule[0]': {} } } });
    },
    expected: [],
    outcome: 'reaches',
  },
  'a policy whose provider is not known': {
    change: () => {
      const spec = { action: 'CUSTOM', provider: { name: 'ext' }, rules: [{}] };
      mesh.east.put('AuthorizationPolicy', 'sample', 'ask', { spec });
      const name = 'istio-ext-authz-ext-ns[sample]-policy[ask]-rule[0]-deny-due-to-bad-CUSTOM-action';
      filtered({ rules: { action: 'DENY', policies: { [name]: {} } } });
    },
    expected: ['authorization-denied'],
    outcome: 'fails',
    says: 'its provider ext is not known to the control plane',
  },
  'one policy of two that the proxy does not have': {
    change: () => {
      mesh.east.put('AuthorizationPolicy', 'sample', 'all', { spec: { rules: [{}] } });
      mesh.east.put('AuthorizationPolicy', 'sample', 'new', { spec: { action: 'DENY', rules: [{}] } });
      filtered({ rules: { policies: { 'ns[sample]-policy[all]-rule[0]': {} } } });
    },
    expected: ['policy-not-enforced', 'policy-not-enforced'],
    outcome: 'reaches',
    says: 'AuthorizationPolicy east/sample/new',
  },
  'a policy that no proxy has': {
    change: () => void mesh.east.put('AuthorizationPolicy', 'sample', 'nobody', { spec: {} }),
    expected: ['policy-not-enforced', 'policy-not-enforced'],
    outcome: 'reaches',
  },
};

describe('what is out of order is said', () => {
  it.each(Object.entries(cases))('%s', async (_name, { change, expected, outcome, says = '', fix = '', from, to }) => {
    await change();
    const found = await ask(from, to);
    expect({ codes: codes(found), outcome: found.outcome }).toEqual({ codes: expected, outcome });
    expect(found.deviations.map((one) => one.message).join('\n')).toContain(says);
    expect(found.deviations.map((one) => one.fix ?? '').join('\n')).toContain(fix);
  });
});

describe('the way', () => {
  it('forks by weights, and names the rule', async () => {
    const object = virtualService('east', 'vs', {
      http: [
        {
          match: [{ uri: { prefix: '/hello' } }],
          route: [
            { destination: { host: 'helloworld', subset: 'a' }, weight: 90 },
            { destination: { host: 'helloworld' }, weight: 10 },
          ],
        },
      ],
    });
    const second = outbound.replace('||', '|a|');
    mesh.east.put('DestinationRule', 'sample', 'dr', {
      spec: { host: 'helloworld', subsets: [{ name: 'a', labels: { version: 'v1' } }] },
    });
    const { clusters, endpoints } = proxy('east', 'curl-1');
    clusters.set(second, cluster());
    endpoints.set(second, endpoints.get(outbound)!.slice(0, 1));
    route().routes = [
      {
        match: { prefix: '/hello' },
        metadata: {
          filter_metadata: {
            istio: { config: `/apis/networking.istio.io/v1/namespaces/sample/virtual-service/${object.metadata.name}` },
          },
        },
        route: {
          weighted_clusters: {
            clusters: [
              { name: second, weight: 90 },
              { name: outbound, weight: 10 },
            ],
          },
        },
      },
    ];
    const found = await ask();
    expect(found.path.branches.map((one) => one.share)).toEqual([0.9, 0.1]);
    expect(deciding(found, 'route')).toEqual(['VirtualService east vs spec.http[0]']);
    expect(deciding(found, 'cluster')).toEqual(['DestinationRule east dr spec.subsets[0]']);
    expect(found.summary).toBe('95 % reach helloworld-v1-1 in east; 5 % reach helloworld-v2-1 in west.');
  });

  it('names the route of the Gateway API that a VirtualService of istiod’s own stands for', async () => {
    mesh.east.put('HTTPRoute', 'sample', 'split', { spec: { rules: [{}, {}] } });
    const config =
      '/apis/networking.istio.io/v1/namespaces/sample/virtual-service/sample~helloworld.sample.svc.cluster.local';
    Object.assign(route().routes[0], { name: 'sample.split.1', metadata: { filter_metadata: { istio: { config } } } });
    const found = await ask();
    const step = found.path.steps.find((one) => one.kind === 'route');
    expect(step?.deviations).toEqual([]);
    expect(step?.decisions).toMatchObject([{ kind: 'HTTPRoute', name: 'split', field: 'spec.rules[1]' }]);
  });

  it('ends at a proxy that answers by itself', async () => {
    route().routes = [{ match: { prefix: '/' }, redirect: { path_redirect: '/x', response_code: 'FOUND' } }];
    expect(await ask()).toMatchObject({ outcome: 'answered', path: { end: { status: 302 } } });
  });

  it('says that failures of one endpoint are tried again at another', async () => {
    mesh.west.remove('Pod', 'gateway-1');
    const found = await ask();
    expect(found.path.branches[1]?.end).toMatchObject({ result: 'fails', status: 503, flag: 'UF', retried: true });
  });

  it('knows endpoints that are no pods', async () => {
    mesh.east.get('EndpointSlice', 'helloworld-abcde').endpoints = [
      { addresses: ['192.0.2.1'], conditions: { ready: true } },
    ];
    proxy('east', 'curl-1').endpoints.set(outbound, [endpointOf('192.0.2.1', 5000, ';;;;east', { metadata: {} })]);
    expect((await ask()).summary).toContain('192.0.2.1:5000, no pod');
  });

  it('goes on without a cluster that does not answer, and says so', async () => {
    mesh.west.silent = true;
    const found = await ask();
    expect(found.unread.every((one) => one.cluster === 'west')).toBe(true);
    expect(found.unread.length).toBeGreaterThan(0);
    expect(found.path.branches.map((one) => one.end?.result)).toEqual(['reaches', 'unknown']);
    expect(found.path.branches[1]?.end?.text).toContain('west, which cannot be read');
  });

  it('does not follow into a cluster that nobody asked it to look at', async () => {
    mesh.clusters.pop();
    const found = await ask();
    expect(found).toMatchObject({ outcome: 'partly', shares: { reaches: 0.5, unknown: 0.5 } });
    expect(found.path.branches[1]?.end?.text).toContain('of cluster west, which is not among those looked at');
  });

  it.each([
    ['curl', 'helloworld.sample:5000', /stands for several workloads/],
    ['east/sample/nobody', 'helloworld.sample:5000', /no running pod/],
    ['a/b/c/d', 'helloworld.sample:5000', /is no client/],
    ['east/curl', 'ftp://x', /http, https or tcp/],
    ['east/curl', 'tcp://x', /tcp needs a port/],
  ])('%s to %s is refused', async (from, to, expected) => {
    await expect(ask(from, to)).rejects.toThrow(expected);
  });

  it.each(['east/curl-1', 'east/sample/curl-1', 'east/sample/curl', 'east/curl'])('%s is the client', async (from) => {
    expect((await ask(from)).from).toMatchObject({ cluster: 'east', namespace: 'sample', pod: 'curl-1' });
  });
});
