import { describe, expect, it } from 'vitest';
import { plantedEndpoint, plantedMesh, plantedService } from '../../../../test/support/istiod.ts';
import { reachOf } from './addresses.ts';
import { deploymentObjects } from './deployment.ts';
import { convertGatewayApi } from './index.ts';
import { classStatus, gatewayStatus, routeStatus, withConditions } from './statuses.ts';
import { controllerName } from './types.ts';

const listener = (name: string, port: number, more = {}) => ({ name, port, protocol: 'HTTP', ...more });
const gateway = (spec: object, metadata = {}) => ({
  metadata: { name: 'front', namespace: 'edge', generation: 2, ...metadata },
  spec: { gatewayClassName: 'istio', listeners: [listener('http', 80)], ...spec },
});
const front = plantedService('front-istio.edge', ['http:80']);
const balancer = (ip?: string) => ({
  metadata: { name: 'front-istio', namespace: 'edge' },
  spec: { type: 'LoadBalancer' },
  status: { loadBalancer: ip ? { ingress: [{ ip }] } : {} },
});

function statusOf(object: any, services: Parameters<typeof plantedMesh>[0], ip?: string): any {
  const [report] = convertGatewayApi({
    domain: 'cluster.local',
    classes: [],
    gateways: [object],
    routes: new Map(),
    grants: [],
    namespaces: [],
    serviceEntries: [],
    hasService: () => true,
    certificateProblem: () => undefined,
  }).gatewayReports;
  return gatewayStatus(
    report!,
    reachOf(report!, plantedMesh(services, ''), () => [balancer(ip)]),
  );
}
const short = (status: any) =>
  Object.fromEntries(status.conditions.map((one: any) => [one.type, `${one.status} ${one.reason}`]));
const serving = [{ service: front, endpoints: [plantedEndpoint(front, '10.0.0.9')] }];

describe('the status of a Gateway', () => {
  it('is programmed once its Service has pods and an address', () => {
    const status = statusOf(gateway({}), serving, '192.0.2.1');
    expect(short(status)).toMatchObject({ Accepted: 'True Accepted', Programmed: 'True Programmed' });
    expect(status.addresses).toEqual([{ type: 'IPAddress', value: '192.0.2.1' }]);
    expect(status.conditions[0].observedGeneration).toBe(2);
    expect(short(statusOf(gateway({}), serving)).Programmed).toBe('False AddressNotAssigned');
    expect(short(statusOf(gateway({}), [{ service: front }])).Programmed).toBe('False AddressNotAssigned');
    expect(short(statusOf(gateway({}), [])).Programmed).toBe('False AddressNotUsable');
  });

  it('keeps an address that it once had', () => {
    const before = { ...gateway({}), status: { addresses: [{ type: 'IPAddress', value: '192.0.2.1' }] } };
    expect(statusOf(before, []).addresses).toEqual([{ type: 'IPAddress', value: '192.0.2.1' }]);
  });

  it('is found by name where it is deployed by hand', () => {
    const ingress = plantedService('ingress.edge', ['http:80']);
    const object = gateway({ addresses: [{ type: 'Hostname', value: 'ingress' }] });
    const status = statusOf(
      object,
      [{ service: ingress, endpoints: [plantedEndpoint(ingress, '10.0.0.9')] }],
      '192.0.2.2',
    );
    expect(short(status).Programmed).toBe('True Programmed');
  });

  it('tells which listeners are not valid', () => {
    const listeners = [listener('http', 80), listener('udp', 53, { protocol: 'UDP' })];
    expect(short(statusOf(gateway({ listeners }), serving, '192.0.2.1')).Accepted).toBe('True ListenersNotValid');
    expect(short(statusOf(gateway({ listeners: [listeners[1]] }), serving)).Accepted).toBe('False ListenersNotValid');
  });

  it('of a class that is elsewhere, or not served, says so', () => {
    expect(short(statusOf(gateway({ gatewayClassName: 'istio-remote' }), []))).toEqual({
      Accepted: 'True Accepted',
      Programmed: 'True Programmed',
    });
    expect(short(statusOf(gateway({ gatewayClassName: 'istio-waypoint' }), [])).Accepted).toBe('False Invalid');
    const made = { metadata: { name: 'istio-waypoint' }, spec: { controllerName: 'istio.io/mesh-controller' } };
    expect(short(classStatus(made)).Accepted).toBe('False Unsupported');
  });
});

it('a condition keeps its time while it holds, and those of others stay', () => {
  const known = [
    { type: 'Accepted', status: 'True' as const, lastTransitionTime: 'then' },
    { type: 'Theirs', status: 'True' as const },
  ];
  const facts = (status: 'True' | 'False') => ({ Accepted: { status, reason: 'r', message: 'm' } });
  expect(withConditions(known, facts('True'), 3, 'now').map((one) => one.lastTransitionTime)).toEqual([
    undefined,
    'then',
  ]);
  expect(withConditions(known, facts('False'), 3, 'now')[1]).toMatchObject({
    lastTransitionTime: 'now',
    observedGeneration: 3,
  });
});

it('a route keeps what other controllers say of it', () => {
  const theirs = { controllerName: 'other.example/c', parentRef: { name: 'x' }, conditions: [] };
  const route = {
    metadata: {},
    spec: {},
    status: { parents: [theirs, { controllerName, parentRef: { name: 'gone' } }] },
  };
  expect(routeStatus({ kind: 'HTTPRoute', route, parents: [] })).toEqual({ parents: [theirs] });
});

describe('what a Gateway is deployed as', () => {
  const settings = {
    revision: 'default',
    clusterId: 'east',
    network: '',
    meshId: '',
    trustDomain: 'cluster.local',
    proxyImage: 'proxy',
    discoveryAddress: 'istiod:15012',
    domain: 'cluster.local',
    nativeSidecars: true,
    proxyConfig: {},
    proxyConfigs: [],
    rootNamespace: 'istio-system',
  };
  const made = (spec: object, metadata = {}): any[] =>
    deploymentObjects(gateway(spec, { uid: 'u', ...metadata }), settings);

  it('has Istio’s names and labels, and goes with the Gateway', () => {
    const objects = made({});
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ServiceAccount front-istio',
      'Deployment front-istio',
      'Service front-istio',
    ]);
    for (const { metadata } of objects) {
      expect(metadata.labels['gateway.networking.k8s.io/gateway-name']).toBe('front');
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'Gateway', name: 'front', uid: 'u' }]);
    }
    const pod = objects[1].spec.template;
    expect(pod.metadata.labels).toMatchObject({
      'sidecar.istio.io/inject': 'false',
      'service.istio.io/canonical-name': 'front-istio',
    });
    expect(pod.spec.containers[0].env).toContainEqual({
      name: 'ISTIO_META_OWNER',
      value: 'kubernetes://apis/apps/v1/namespaces/edge/deployments/front-istio',
    });
  });

  it('has a port for each number, and what infrastructure and annotations ask for', () => {
    const listeners = [listener('a.b', 80), listener('c', 80), listener('d', 443, { protocol: 'HTTPS' })];
    const [, deployment, service] = made(
      { listeners, infrastructure: { labels: { team: 'x' } }, addresses: [{ value: '192.0.2.9' }] },
      { annotations: { 'gateway.istio.io/name-override': 'edge', 'networking.istio.io/service-type': 'ClusterIP' } },
    );
    expect(deployment.metadata).toMatchObject({ name: 'edge', labels: { team: 'x' } });
    expect(service.spec).toMatchObject({ type: 'ClusterIP', loadBalancerIP: '192.0.2.9' });
    expect(service.spec.ports.map((one: any) => `${one.name} ${one.port} ${one.appProtocol}`)).toEqual([
      'status-port 15021 tcp',
      'a-b 80 http',
      'd 443 https',
    ]);
  });
});
