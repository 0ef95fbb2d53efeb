/** Each code with a mesh in which it is told, and with what is mended in it so that it is not. Those of other tests are left out by type. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PlantedObserved, plantDeployment, plantObserved } from '../../../test/support/planted-observed.ts';
import { allCodes, type Code, check } from './codes.ts';

/** In validation.test.ts. */
type Elsewhere =
  | `ISTHMUS${string}`
  | 'KIA0002'
  | 'KIA0003'
  | 'KIA0004'
  | 'KIA0005'
  | 'KIA0101'
  | 'KIA0102'
  | 'KIA0104'
  | 'KIA0106'
  | 'KIA0107'
  | 'KIA0108'
  | 'KIA0201'
  | 'KIA0202'
  | 'KIA0203'
  | 'KIA0207'
  | 'KIA0208'
  | 'KIA0209'
  | 'KIA0301'
  | 'KIA0302'
  | 'KIA0505'
  | 'KIA0601'
  | 'KIA1004'
  | 'KIA1101'
  | 'KIA1102'
  | 'KIA1104'
  | 'KIA1105'
  | 'KIA1106'
  | 'KIA1107'
  | 'KIA1108'
  | 'KIA1212'
  | 'KIA1701';

let planted: PlantedObserved;
beforeEach(async () => {
  planted = await plantObserved();
});
afterEach(() => planted[Symbol.asyncDispose]());

const root = 'istio-system';
const helloworld = 'helloworld.sample.svc.cluster.local';
const put = (kind: string, name: string, spec: unknown, namespace = 'sample', more: object = {}) =>
  planted.east.put(kind, { metadata: { name, namespace }, spec, ...more });
const labelled = (kind: string, name: string, labels: object, namespace?: string) => {
  const known = [...planted.east.objects.values()].find(
    (one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
  )!;
  planted.east.put(kind, {
    ...known,
    metadata: { ...known.metadata, labels: { ...known.metadata.labels, ...labels } },
  });
};
const space = (labels: object) => labelled('Namespace', 'sample', labels);
const workload = (labels: Record<string, string>, proxy = false) =>
  plantDeployment(planted.east, 'sample', 'here', { app: 'here', ...labels }, { proxy });
const ambient = () => {
  space({ 'istio.io/dataplane-mode': 'ambient' });
  workload({});
};
const waypoint = () => {
  space({ 'istio.io/use-waypoint': 'waypoint' });
  put('K8sGateway', 'waypoint', {
    gatewayClassName: 'istio-waypoint',
    listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }],
  });
};
const meshConfig = (text: string) =>
  planted.east.put('ConfigMap', { metadata: { name: 'istio', namespace: root }, data: { mesh: text } });
const peers = (mode: string, namespace = 'sample') =>
  put('PeerAuthentication', 'default', { mtls: { mode } }, namespace);
const clients = (host: string, mode: string) =>
  put('DestinationRule', 'wide', { host, trafficPolicy: { tls: { mode } } }, root);
const ofMesh = '*.local';
const ofNamespace = '*.sample.svc.cluster.local';
const listener = (more: object = {}) => ({ name: 'web', port: 80, protocol: 'HTTP', ...more });
const gateway = (name: string, spec: object = {}, more: object = {}) =>
  put('K8sGateway', name, { gatewayClassName: 'istio', listeners: [listener()], ...spec }, 'sample', more);
const httpRoute = (name: string, parent: object, backend: object, namespace?: string) =>
  put('K8sHTTPRoute', name, { parentRefs: [parent], rules: [{ backendRefs: [backend] }] }, namespace);
const toHelloworld = { name: 'helloworld', port: 5000 };
const policy = (rule: object, more: object = {}) => put('AuthorizationPolicy', 'policy', { rules: [rule], ...more });
const get = { to: [{ operation: { methods: ['GET'] } }] };
const rule = (host = 'helloworld', namespace?: string) =>
  put('DestinationRule', 'requests', { host, trafficPolicy: { outlierDetection: {} } }, namespace);
const routes = (host = 'helloworld', namespace?: string) =>
  put('VirtualService', 'requests', { hosts: [host], http: [{ route: [{ destination: { host } }] }] }, namespace);
const entry = (name: string, number: number) =>
  put('ServiceEntry', name, { hosts: ['x.example'], ports: [{ number, protocol: 'HTTP' }] });
const group = (name: string, app: string) =>
  put('WorkloadGroup', name, { metadata: { labels: { app } }, template: {} });
const port = (port: object) =>
  put('Service', 'helloworld', { selector: { app: 'helloworld' }, ports: [{ name: 'http', port: 5000, ...port }] });

/** What its arguments have planted, one after the other. */
const together = (..._planted: unknown[]): void => {};

/** What is wrong, and what mends it. */
const cases: Record<Exclude<Code, Elsewhere>, [wrong: () => void, mend: () => void]> = {
  KIA0105: [
    () => together(peers('DISABLE'), policy({ from: [{ source: { namespaces: ['sample'] } }] })),
    () => peers('PERMISSIVE'),
  ],
  KIA0109: [() => together(ambient(), policy(get)), waypoint],
  KIA0110: [
    () => together(ambient(), waypoint(), policy(get, { selector: { matchLabels: { app: 'here' } } })),
    () => policy(get, { targetRefs: [{ kind: 'Service', name: 'helloworld' }] }),
  ],
  KIA0204: [
    () => together(clients(ofNamespace, 'ISTIO_MUTUAL'), put('DestinationRule', 'own', { host: 'helloworld' })),
    () => put('DestinationRule', 'own', { host: 'helloworld', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }),
  ],
  KIA0205: [
    () => together(meshConfig('enableAutoMtls: false'), clients(ofMesh, 'ISTIO_MUTUAL')),
    () => peers('PERMISSIVE', root),
  ],
  KIA0206: [
    () => together(meshConfig('enableAutoMtls: false'), clients(ofNamespace, 'ISTIO_MUTUAL')),
    () => peers('STRICT'),
  ],
  KIA0210: [() => together(ambient(), rule()), waypoint],
  KIA0211: [
    () => together(ambient(), waypoint(), space({ 'istio.io/use-waypoint': 'none' }), rule()),
    () => labelled('Service', 'helloworld', { 'istio.io/use-waypoint': 'waypoint' }, 'sample'),
  ],
  KIA0212: [
    () => together(ambient(), waypoint(), rule(helloworld, root)),
    () => together(planted.east.remove('DestinationRule', root, 'requests'), rule()),
  ],
  KIA0401: [
    () => together(meshConfig('enableAutoMtls: false'), peers('STRICT', root)),
    () => clients(ofMesh, 'ISTIO_MUTUAL'),
  ],
  KIA0501: [
    () => together(meshConfig('enableAutoMtls: false'), peers('STRICT')),
    () => clients(ofNamespace, 'ISTIO_MUTUAL'),
  ],
  KIA0506: [() => together(peers('DISABLE', root), clients(ofMesh, 'ISTIO_MUTUAL')), () => peers('PERMISSIVE', root)],
  KIA0602: [() => port({ appProtocol: 'gopher' }), () => port({ appProtocol: 'http2' })],
  KIA0701: [() => port({ targetPort: 'web' }), () => port({ targetPort: 5000 })],
  KIA1006: [
    () => put('Sidecar', 'default', { workloadSelector: { labels: { app: 'curl' } } }, root),
    () => put('Sidecar', 'default', {}, root),
  ],
  KIA1007: [
    () => put('Sidecar', 'default', { outboundTrafficPolicy: {} }),
    () => put('Sidecar', 'default', { outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }),
  ],
  KIA1109: [() => together(ambient(), routes()), waypoint],
  KIA1110: [() => together(ambient(), put('RequestAuthentication', 'all', {})), waypoint],
  KIA1111: [() => together(ambient(), put('WasmPlugin', 'all', {})), waypoint],
  KIA1112: [() => together(ambient(), put('Telemetry', 'all', {})), waypoint],
  KIA1113: [
    () => together(ambient(), waypoint(), space({ 'istio.io/use-waypoint': 'none' }), routes()),
    () => labelled('Service', 'helloworld', { 'istio.io/use-waypoint': 'waypoint' }, 'sample'),
  ],
  KIA1114: [
    () => together(ambient(), waypoint(), routes(helloworld, root)),
    () => together(planted.east.remove('VirtualService', root, 'requests'), routes()),
  ],
  KIA1115: [
    () => together(ambient(), put('RequestAuthentication', 'all', {})),
    () => put('RequestAuthentication', 'all', { targetRefs: [{ kind: 'Gateway', name: 'waypoint' }] }),
  ],
  KIA1116: [
    () => together(ambient(), put('WasmPlugin', 'all', {})),
    () => put('WasmPlugin', 'all', { targetRefs: [{ kind: 'Gateway', name: 'waypoint' }] }),
  ],
  KIA1117: [
    () => together(ambient(), put('Telemetry', 'all', {})),
    () => put('Telemetry', 'all', { targetRefs: [{ kind: 'Gateway', name: 'waypoint' }] }),
  ],
  KIA1211: [() => together(entry('a', 80), entry('b', 80)), () => entry('b', 81)],
  KIA1311: [
    () => workload({ 'istio.io/dataplane-mode': 'ambient', 'sidecar.istio.io/inject': 'true' }),
    () => workload({ 'istio.io/dataplane-mode': 'ambient', 'sidecar.istio.io/inject': 'false' }),
  ],
  KIA1312: [
    () => workload({ 'istio.io/use-waypoint': 'waypoint' }),
    () => workload({ 'istio.io/use-waypoint': 'waypoint', 'istio.io/dataplane-mode': 'ambient' }),
  ],
  KIA1313: [() => workload({ 'istio.io/use-waypoint': 'waypoint', 'istio.io/dataplane-mode': 'ambient' }), waypoint],
  KIA1314: [
    () => {
      workload({ 'sidecar.istio.io/inject': 'true' });
      const pod = planted.east.objects.get('Pod/sample/here-abc-0')!;
      const annotations = { 'ambient.istio.io/redirection': 'enabled' };
      planted.east.put('Pod', { ...pod, metadata: { ...pod.metadata, annotations } });
    },
    () => workload({ 'sidecar.istio.io/inject': 'true' }),
  ],
  KIA1315: [
    () => workload({ 'istio.io/dataplane-mode': 'ambient' }, true),
    () => workload({ 'istio.io/dataplane-mode': 'ambient' }, false),
  ],
  KIA1316: [
    () => together(space({ 'istio.io/dataplane-mode': 'ambient' }), workload({}, true)),
    () => together(space({ 'istio.io/dataplane-mode': 'none' }), workload({}, true)),
  ],
  KIA1317: [() => together(ambient(), policy(get)), waypoint],
  KIA1401: [
    () => together(gateway('own'), httpRoute('route', { name: 'other' }, toHelloworld)),
    () => httpRoute('route', { name: 'own' }, toHelloworld),
  ],
  KIA1402: [
    () => together(gateway('own'), httpRoute('route', { name: 'own' }, { name: 'nobody' })),
    () => httpRoute('route', { name: 'own' }, toHelloworld),
  ],
  KIA1501: [
    () => together(gateway('one'), gateway('two')),
    () => gateway('two', { listeners: [listener({ port: 81 })] }),
  ],
  KIA1502: [
    () => {
      gateway('one', { addresses: [{ value: '10.0.0.9' }] });
      gateway('two', { addresses: [{ value: '10.0.0.9' }], listeners: [listener({ port: 81 })] });
    },
    () => gateway('two', { addresses: [{ value: '10.0.0.8' }] }),
  ],
  KIA1503: [
    () => gateway('one', { listeners: [listener(), listener({ name: 'again' })] }),
    () => gateway('one', { listeners: [listener(), listener({ name: 'again', hostname: 'a.example' })] }),
  ],
  KIA1504: [
    () => gateway('one', { gatewayClassName: 'other' }),
    () =>
      planted.east.put('K8sGatewayClass', {
        metadata: { name: 'other' },
        spec: { controllerName: 'istio.io/gateway-controller' },
      }),
  ],
  KIA1601: [
    () => put('K8sReferenceGrant', 'grant', { from: [{ kind: 'HTTPRoute', namespace: 'nowhere' }], to: [] }),
    () => put('K8sReferenceGrant', 'grant', { from: [{ kind: 'HTTPRoute', namespace: 'sample' }], to: [] }),
  ],
  KIA1702: [() => together(group('a', 'vm'), group('b', 'vm')), () => group('b', 'other')],
  GWAPI: [
    () => gateway('one', {}, { status: { conditions: [{ type: 'Accepted', status: 'False', reason: 'Invalid' }] } }),
    () => gateway('one', {}, { status: { conditions: [{ type: 'Programmed', status: 'False', reason: 'Pending' }] } }),
  ],
};

const codes = async (): Promise<string[]> => {
  await planted.settle();
  return planted.observer.validator.all(() => true).flatMap((one) => one.checks.map(({ code }) => code));
};

test.each(Object.entries(cases))(
  '%s is told where it is so, and not where it is mended',
  async (code, [wrong, mend]) => {
    expect(await codes()).not.toContain(code);
    wrong();
    expect(await codes()).toContain(code);
    mend();
    expect(await codes()).not.toContain(code);
  },
);

test('a route of another namespace needs a Gateway that admits it, and a grant for its backend', async () => {
  planted.east.put('Namespace', { metadata: { name: 'far', labels: { team: 'far' } } });
  gateway('shared', { listeners: [listener({ allowedRoutes: { namespaces: { from: 'Same' } } })] });
  const parent = { name: 'shared', namespace: 'sample' };
  httpRoute('route', parent, { ...toHelloworld, namespace: 'sample' }, 'far');
  expect((await codes()).sort()).toEqual(['KIA1401', 'KIA1402']);
  const namespaces = { from: 'Selector', selector: { matchLabels: { team: 'far' } } };
  gateway('shared', { listeners: [listener({ allowedRoutes: { namespaces } })] });
  const from = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'far' }];
  put('K8sReferenceGrant', 'grant', { from, to: [{ group: '', kind: 'Service' }] });
  expect(await codes()).toEqual([]);
});

test('a backend that only another cluster has is no error', async () => {
  planted.west.put('Service', { metadata: { name: 'far', namespace: 'sample' }, spec: { ports: [] } });
  gateway('own');
  httpRoute('route', { name: 'own' }, { name: 'far' });
  expect(await codes()).toEqual([]);
});

test('a sidecar mesh is not asked for waypoints', async () => {
  rule();
  routes();
  policy(get);
  put('Telemetry', 'all', {});
  expect(await codes()).toEqual([]);
});

test('the table of docs/validations.md is that of the code', () => {
  const text = readFileSync(new URL('../../../docs/validations.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (\w+\d*) \| (\w+) \| [^|]+ \| (.+) \|$/gm)].map(([, ...fields]) => fields);
  const wanted = allCodes.map((code) => {
    const { severity, message } = check(code, '');
    return [code, severity === 'unknown' ? 'info' : severity, message];
  });
  expect(rows.filter(([code]) => code !== 'code')).toEqual(wanted);
});
