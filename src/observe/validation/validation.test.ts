import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PlantedApi } from '../../../test/support/planted-api.ts';
import { type PlantedObserved, plantDeployment, plantObserved } from '../../../test/support/planted-observed.ts';
import type { IstioCheck } from '../types/index.ts';

let planted: PlantedObserved;
beforeEach(async () => {
  planted = await plantObserved();
});
afterEach(() => planted[Symbol.asyncDispose]());

/** Findings of all objects, as `name: code path`. */
async function findings(): Promise<string[]> {
  await planted.settle();
  return planted.observer.validator
    .all(({ namespace }) => namespace !== 'istio-system')
    .flatMap((one) => one.checks.map((check) => `${one.cluster}/${one.name}: ${check.code} ${check.path}`))
    .sort();
}

async function checksOf(api: PlantedApi, kind: string, name: string): Promise<IstioCheck[]> {
  await planted.settle();
  return planted.observer.validator
    .all(() => true)
    .find((one) => one.cluster === api.name && one.name === name && one.objectGVK.Kind === kind)!.checks;
}

const put = (kind: string, name: string, spec: unknown, api = planted.east, namespace = 'sample') =>
  api.put(kind, { metadata: { name, namespace }, spec });
const route = (host: string, subset?: string, weight?: number) => ({
  destination: { host, ...(subset ? { subset } : {}) },
  ...(weight ? { weight } : {}),
});

test('a sound mesh has no findings', async () => {
  expect(await findings()).toEqual([]);
});

describe('hosts and subsets of another cluster are no errors', () => {
  test('a service that only west has', async () => {
    planted.west.put('Service', {
      metadata: { name: 'store', namespace: 'sample' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    });
    put('VirtualService', 'to-store', { hosts: ['store'], http: [{ route: [route('store')] }] });
    put('DestinationRule', 'of-store', { host: 'store.sample.svc.cluster.local' });
    expect(await findings()).toEqual([]);
  });

  test('a subset whose pods are in west only, and one by cluster', async () => {
    put('DestinationRule', 'versions', {
      host: 'helloworld',
      subsets: [
        { name: 'v2', labels: { version: 'v2' } },
        { name: 'west', labels: { 'topology.istio.io/cluster': 'west' } },
      ],
    });
    put('VirtualService', 'by-version', { hosts: ['helloworld'], http: [{ route: [route('helloworld', 'v2')] }] });
    expect(await findings()).toEqual([]);
  });

  test('a gateway workload, a namespace and an account of west', async () => {
    plantDeployment(planted.west, 'sample', 'ingress', { istio: 'ingress' });
    planted.west.put('Namespace', { metadata: { name: 'only-west' } });
    planted.west.put('ServiceAccount', { metadata: { name: 'far', namespace: 'only-west' } });
    put('Gateway', 'in', { selector: { istio: 'ingress' }, servers: [] });
    put('AuthorizationPolicy', 'allow', {
      rules: [{ from: [{ source: { namespaces: ['only-west'], principals: ['cluster.local/ns/only-west/sa/far'] } }] }],
    });
    expect(await findings()).toEqual(['east/allow: KIA0107 spec/rules[0]/from[0]/source/principals[0]']);
  });
});

describe('what is wrong is found', () => {
  test('in a VirtualService', async () => {
    put('VirtualService', 'wrong', {
      hosts: ['helloworld'],
      gateways: ['nowhere', 'cross.istio-system'],
      exportTo: ['no-such-namespace'],
      http: [
        { route: [route('nobody', undefined, 50)] },
        { route: [route('helloworld', 'v9'), route('helloworld', 'v9')] },
      ],
    });
    put('Gateway', 'cross', { selector: {} }, planted.east, 'istio-system');
    expect(await findings()).toEqual([
      'east/wrong: KIA0005 spec/exportTo[0]',
      'east/wrong: KIA1101 spec/http[0]/route[0]/destination/host',
      'east/wrong: KIA1102 spec/gateways[0]',
      'east/wrong: KIA1104 spec/http[0]/route[0]/weight',
      'east/wrong: KIA1105 spec/http[1]/route[1]/destination',
      'east/wrong: KIA1107 spec/http[1]/route[0]/destination',
      'east/wrong: KIA1107 spec/http[1]/route[1]/destination',
      'east/wrong: KIA1108 spec/gateways[1]',
    ]);
  });

  test('in two VirtualServices for one host', async () => {
    for (const name of ['one', 'two'])
      put('VirtualService', name, { hosts: ['helloworld'], http: [{ route: [route('helloworld')] }] });
    expect(await findings()).toEqual(['east/one: KIA1106 spec/hosts[0]', 'east/two: KIA1106 spec/hosts[0]']);
  });

  test('in DestinationRules', async () => {
    put('DestinationRule', 'lost', { host: 'nobody' });
    put('DestinationRule', 'empty', {
      host: 'helloworld',
      subsets: [{ name: 'none', labels: { version: 'v9' } }, { name: 'bare' }],
    });
    put('DestinationRule', 'twin', { host: 'helloworld.sample.svc.cluster.local', subsets: [{ name: 'bare' }] });
    expect(await findings()).toEqual([
      'east/empty: KIA0201 spec/host',
      'east/empty: KIA0203 spec/subsets[0]',
      'east/empty: KIA0209 spec/subsets[1]',
      'east/lost: KIA0202 spec/host',
      'east/twin: KIA0201 spec/host',
      'east/twin: KIA0209 spec/subsets[0]',
    ]);
    expect(
      (await checksOf(planted.east, 'DestinationRule', 'empty')).find((one) => one.code === 'KIA0203')!.severity,
    ).toBe('unknown');
  });

  test('where mutual TLS is off at the client and demanded by servers, in any cluster, or needed between networks', async () => {
    put('DestinationRule', 'plain', { host: 'helloworld', trafficPolicy: { tls: { mode: 'DISABLE' } } });
    expect(await findings()).toEqual(['east/plain: ISTHMUS0003 spec/trafficPolicy/tls/mode']);
    put('PeerAuthentication', 'strict', { mtls: { mode: 'STRICT' } }, planted.east, 'istio-system');
    expect(await findings()).toEqual(['east/plain: KIA0208 spec/trafficPolicy/tls/mode']);
    put('PeerAuthentication', 'strict', { mtls: { mode: 'STRICT' } });
    expect(await findings()).toEqual(['east/plain: KIA0207 spec/trafficPolicy/tls/mode']);
  });

  test('in PeerAuthentications', async () => {
    put('PeerAuthentication', 'a', { mtls: { mode: 'DISABLE' } });
    put('PeerAuthentication', 'b', { mtls: { mode: 'STRICT' } });
    put('PeerAuthentication', 'c', { selector: { matchLabels: { app: 'nobody' } }, mtls: { mode: 'STRICT' } });
    for (const name of ['d', 'e']) put('PeerAuthentication', name, { selector: { matchLabels: { app: 'curl' } } });
    put('DestinationRule', 'mutual', {
      host: '*.sample.svc.cluster.local',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
    });
    expect(await findings()).toEqual([
      'east/a: KIA0002 spec/selector',
      'east/a: KIA0505 spec/mtls/mode',
      'east/b: KIA0002 spec/selector',
      'east/c: KIA0004 spec/selector/matchLabels',
      'east/d: KIA0003 spec/selector/matchLabels',
      'east/e: KIA0003 spec/selector/matchLabels',
    ]);
  });

  test('in AuthorizationPolicies', async () => {
    put('AuthorizationPolicy', 'wrong', {
      rules: [
        {
          from: [
            {
              source: {
                namespaces: ['nowhere'],
                principals: ['cluster.local/ns/sample/sa/nobody', 'other.domain/ns/sample/sa/default'],
              },
            },
          ],
          to: [{ operation: { methods: ['GET', 'FETCH'], hosts: ['nobody.sample.svc.cluster.local'] } }],
        },
      ],
    });
    expect(await findings()).toEqual([
      'east/wrong: KIA0101 spec/rules[0]/from[0]/source/namespaces[0]',
      'east/wrong: KIA0102 spec/rules[0]/to[0]/operation/methods[1]',
      'east/wrong: KIA0104 spec/rules[0]/to[0]/operation/hosts[0]',
      'east/wrong: KIA0106 spec/rules[0]/from[0]/source/principals[0]',
      'east/wrong: KIA0108 spec/rules[0]/from[0]/source/principals[1]',
    ]);
  });

  test('in Gateways, Sidecars, ServiceEntries and WorkloadGroups', async () => {
    const server = { port: { number: 80 }, hosts: ['a.example'] };
    for (const name of ['g1', 'g2']) put('Gateway', name, { selector: { istio: 'nobody' }, servers: [server] });
    put('Sidecar', 'narrow', {
      egress: [
        {
          hosts: ['./helloworld.sample.svc.cluster.local', 'sample/nobody.sample.svc.cluster.local', 'istio-system/*'],
        },
      ],
    });
    put('ServiceEntry', 's1', { hosts: ['x.example'], ports: [{ number: 80, protocol: 'HTTP' }] });
    put('ServiceEntry', 's2', { hosts: ['x.example'], ports: [{ number: 80, protocol: 'TCP' }] });
    put('WorkloadGroup', 'w', { metadata: { labels: { app: 'vm' } }, template: { serviceAccount: 'nobody' } });
    expect(await findings()).toEqual([
      'east/g1: KIA0301 spec/servers[0]/hosts[0]',
      'east/g1: KIA0302 spec/selector',
      'east/g2: KIA0301 spec/servers[0]/hosts[0]',
      'east/g2: KIA0302 spec/selector',
      'east/narrow: KIA1004 spec/egress[0]/hosts[1]',
      'east/s1: KIA1212 spec/hosts[0]',
      'east/s2: KIA1212 spec/hosts[0]',
      'east/w: KIA1701 spec/template/serviceAccount',
    ]);
  });

  test('in Services: port names, and what differs between clusters', async () => {
    planted.west.put('Service', {
      metadata: { name: 'helloworld', namespace: 'sample' },
      spec: { selector: { app: 'helloworld' }, ports: [{ name: 'web', port: 5001 }] },
    });
    planted.east.remove('Service', 'sample', 'curl');
    expect(await findings()).toEqual([
      'east/helloworld: ISTHMUS0005 spec/ports',
      'west/curl: ISTHMUS0004 metadata/name',
      'west/helloworld: ISTHMUS0005 spec/ports',
      'west/helloworld: KIA0601 spec/ports[0]/name',
    ]);
  });

  test('in configuration that no control plane reads', async () => {
    put('PeerAuthentication', 'unread', { mtls: { mode: 'STRICT' } }, planted.west);
    expect(await findings()).toEqual(['west/unread: ISTHMUS0001 metadata']);
  });
});

test('unknown hosts are errors where proxies let nothing unknown pass', async () => {
  put('DestinationRule', 'lost', { host: 'nobody' });
  expect((await checksOf(planted.east, 'DestinationRule', 'lost'))[0]!.severity).toBe('warning');
  planted.east.put('ConfigMap', {
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}' },
  });
  expect((await checksOf(planted.east, 'DestinationRule', 'lost'))[0]!.severity).toBe('error');
});

test("Kiali's annotation silences all codes, or those that it names", async () => {
  const rule = (annotation: string) =>
    planted.east.put('DestinationRule', {
      metadata: { name: 'lost', namespace: 'sample', annotations: { 'kiali.io/ignore-validations': annotation } },
      spec: { host: 'nobody' },
    });
  rule('');
  expect(await findings()).toEqual([]);
  rule('KIA0203');
  expect(await findings()).toEqual(['east/lost: KIA0202 spec/host']);
});

test('a change makes only those objects be judged again that had looked at what changed', async () => {
  put('DestinationRule', 'near', { host: 'helloworld' });
  put('AuthorizationPolicy', 'far', { rules: [{ from: [{ source: { namespaces: ['sample'] } }] }] });
  await findings();
  const { validator, model } = planted.observer;
  const east = model.cluster('east')!;
  const of = (kind: 'DestinationRule' | 'AuthorizationPolicy', name: string) =>
    validator.of(east, kind, east.get(kind, 'sample', name)!);
  const [near, far] = [of('DestinationRule', 'near'), of('AuthorizationPolicy', 'far')];
  planted.west.put('Service', { metadata: { name: 'new', namespace: 'sample' }, spec: { ports: [] } });
  await planted.settle();
  expect(of('DestinationRule', 'near')).not.toBe(near);
  expect(of('AuthorizationPolicy', 'far')).toBe(far);
  // A pod that only becomes ready is no news for anybody.
  const again = of('DestinationRule', 'near');
  const pod = planted.east.objects.get('Pod/sample/curl-abc-0')!;
  planted.east.put('Pod', { ...pod, status: { phase: 'Running', conditions: [] } });
  await planted.settle();
  expect(of('DestinationRule', 'near')).toBe(again);
});
