import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/index.ts';
import { authorize } from './authorization.ts';
import { destinationRuleFor, trafficPolicy } from './destination-rule.ts';
import { mtlsModeOf } from './peer-authentication.ts';
import { protocolOf } from './protocol.ts';
import { ruleOf, virtualServiceFor } from './virtual-service.ts';

let age = 0;
/** Each is younger than those made before it. */
const made = (place: string, spec: object): KubeObject => {
  const [namespace = '', name = ''] = place.split('/');
  return {
    metadata: { namespace, name, creationTimestamp: new Date(1_700_000_000_000 + age++ * 1000).toISOString() },
    spec,
  };
};
const nameOf = (one: KubeObject | undefined) => one && `${one.metadata.namespace}/${one.metadata.name}`;

describe('virtualServiceFor', () => {
  const hostname = 'reviews.shop.svc.cluster.local';
  const ask = (all: KubeObject[], clientNamespace = 'client') =>
    virtualServiceFor(all, { hostname, clientNamespace, domain: 'cluster.local' });
  const exact = made('shop/exact', { hosts: ['reviews'] });
  const younger = made('shop/younger', { hosts: [hostname] });
  const wild = made('shop/wild', { hosts: ['*.shop.svc.cluster.local'] });
  const wider = made('shop/wider', { hosts: ['*.svc.cluster.local'] });

  it.each<[string, KubeObject[], string | undefined]>([
    ["a short name is of the object's own namespace", [exact], 'shop/exact'],
    ['a short name elsewhere is another service', [made('client/short', { hosts: ['reviews'] })], undefined],
    ['a name with a dot is not completed', [made('client/dotted', { hosts: ['reviews.shop'] })], undefined],
    ['the older of two', [younger, exact], 'shop/exact'],
    ['exact before wildcards', [wild, exact], 'shop/exact'],
    ['the longer wildcard', [wider, wild], 'shop/wild'],
    ['any host', [made('shop/any', { hosts: ['*'] })], 'shop/any'],
    ['bound to a gateway alone', [made('shop/gw', { hosts: [hostname], gateways: ['ingress'] })], undefined],
    [
      'bound to a gateway and to sidecars',
      [made('shop/both', { hosts: [hostname], gateways: ['ingress', 'mesh'] })],
      'shop/both',
    ],
    ['exported to nobody else', [made('shop/own', { hosts: [hostname], exportTo: ['.'] })], undefined],
    ['exported to the client', [made('shop/named', { hosts: [hostname], exportTo: ['x', 'client'] })], 'shop/named'],
  ])('%s', (_name, all, expected) => {
    expect(nameOf(ask(all).chosen)).toBe(expected);
  });

  it('says why the others do not hold', () => {
    const { others } = ask([exact, younger, made('shop/own', { hosts: [hostname], exportTo: ['.'] })]);
    expect(others.map((one) => [nameOf(one.object), one.why])).toEqual([
      ['shop/own', expect.stringContaining('not exported')],
      ['shop/younger', expect.stringContaining('is older')],
    ]);
  });

  it("finds the rule of a route by its name, and where names are Envoy's by what it does", () => {
    const object = made('shop/vs', {
      http: [
        { match: [{ uri: { exact: '/a' } }], route: [{ destination: { host: 'reviews', subset: 'v1' } }] },
        { name: 'named', route: [{ destination: { host: 'reviews' } }] },
      ],
    });
    expect(ruleOf(object, { name: 'vs.0', match: {} })?.field).toBe('spec.http[0]');
    expect(ruleOf(object, { name: 'named', match: { prefix: '/' } })?.field).toBe('spec.http[1]');
    expect(ruleOf(object, { match: { path: '/a' }, route: { cluster: 'outbound|80|v1|h' } })?.field).toBe(
      'spec.http[0]',
    );
    expect(ruleOf(object, { match: { path: '/b' }, route: { cluster: 'outbound|80|v1|h' } })).toBeUndefined();
  });
});

describe('destinationRuleFor', () => {
  const question = {
    hostname: 'reviews.shop.svc.cluster.local',
    serviceNamespace: 'shop',
    clientNamespace: 'client',
    clientLabels: { app: 'web' },
    rootNamespace: 'istio-system',
    domain: 'cluster.local',
  };
  const host = question.hostname;
  const own = made('client/own', { host });
  const services = made('shop/services', { host: 'reviews' });
  const root = made('istio-system/root', { host: '*.local' });
  const wildOwn = made('client/wild', { host: '*.cluster.local' });

  it.each<[string, KubeObject[], string[]]>([
    ["the client's namespace first", [root, services, own], ['client/own']],
    ['also with a wildcard there', [services, wildOwn], ['client/wild']],
    ["then the service's", [root, services], ['shop/services']],
    ['then the root namespace', [root], ['istio-system/root']],
    ['no other namespace', [made('other/rule', { host })], []],
    ["not what the service's namespace keeps to itself", [made('shop/private', { host, exportTo: ['.'] })], []],
    [
      "the client's own, whatever it is exported to",
      [made('client/private', { host, exportTo: ['.'] })],
      ['client/private'],
    ],
    [
      'exact before wildcards in one namespace',
      [made('shop/wild', { host: '*.shop.svc.cluster.local' }), services],
      ['shop/services'],
    ],
    ['several for one host are merged', [services, made('shop/second', { host })], ['shop/services', 'shop/second']],
    ['of other clients not', [made('client/sel', { host, workloadSelector: { matchLabels: { app: 'other' } } })], []],
    [
      'of this client',
      [made('client/sel', { host, workloadSelector: { matchLabels: { app: 'web' } } })],
      ['client/sel'],
    ],
  ])('%s', (_name, all, expected) => {
    expect(destinationRuleFor(all, question).chosen.map(nameOf)).toEqual(expected);
  });

  it('replaces by port as a whole, and by subset part for part', () => {
    const rule = made('shop/r', {
      trafficPolicy: {
        tls: { mode: 'DISABLE' },
        outlierDetection: {},
        portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: 'RANDOM' } }],
      },
      subsets: [{ name: 'v1', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }],
    });
    expect(Object.keys(trafficPolicy([rule], '', 81)).sort()).toEqual(['outlierDetection', 'tls']);
    expect(trafficPolicy([rule], '', 80)).toMatchObject({
      loadBalancer: { field: 'spec.trafficPolicy.portLevelSettings[0].loadBalancer' },
    });
    expect(Object.keys(trafficPolicy([rule], '', 80))).toEqual(['loadBalancer']);
    expect(trafficPolicy([rule], 'v1', 81)).toMatchObject({
      tls: { value: { mode: 'ISTIO_MUTUAL' }, field: 'spec.subsets[0].trafficPolicy.tls' },
      outlierDetection: { field: 'spec.trafficPolicy.outlierDetection' },
    });
  });
});

describe('mtlsModeOf', () => {
  const workload = { namespace: 'shop', labels: { app: 'web' } };
  const mesh = made('istio-system/mesh', { mtls: { mode: 'STRICT' } });
  const space = made('shop/space', { mtls: { mode: 'DISABLE' } });
  const selected = made('shop/web', {
    selector: { matchLabels: { app: 'web' } },
    mtls: { mode: 'PERMISSIVE' },
    portLevelMtls: { 5000: { mode: 'STRICT' } },
  });

  it.each<[string, KubeObject[], string, string | undefined]>([
    ['none', [], 'PERMISSIVE', undefined],
    ['the mesh', [mesh], 'STRICT', 'istio-system/mesh'],
    ['the namespace before the mesh', [mesh, space], 'DISABLE', 'shop/space'],
    ['UNSET inherits', [mesh, made('shop/unset', { mtls: { mode: 'UNSET' } })], 'STRICT', 'istio-system/mesh'],
    ['the port before the workload', [mesh, space, selected], 'STRICT', 'shop/web'],
    [
      'another workload',
      [space, made('shop/x', { selector: { matchLabels: { app: 'x' } }, mtls: { mode: 'STRICT' } })],
      'DISABLE',
      'shop/space',
    ],
    ['another namespace', [made('other/default', { mtls: { mode: 'STRICT' } })], 'PERMISSIVE', undefined],
    ['the oldest of a level', [made('shop/second', { mtls: { mode: 'STRICT' } }), space], 'DISABLE', 'shop/space'],
    [
      'ports need a selector',
      [made('shop/ports', { portLevelMtls: { 5000: { mode: 'STRICT' } } })],
      'PERMISSIVE',
      undefined,
    ],
  ])('%s', (_name, all, mode, object) => {
    const found = mtlsModeOf(all, workload, 5000, 'istio-system');
    expect([found.mode, nameOf(found.object)]).toEqual([mode, object]);
  });
});

describe('authorize', () => {
  const workload = { namespace: 'shop', labels: { app: 'web' } };
  const http = { host: 'web.shop:80', method: 'GET', path: '/api/x?y=1', headers: { 'x-role': 'admin' } };
  const request = { principal: 'cluster.local/ns/client/sa/curl', sourceIp: '10.1.1.1', port: 8080, http };
  const policy = (spec: object, place = 'shop/p') => made(place, spec);
  const from = (source: object) => ({ rules: [{ from: [{ source }] }] });
  const to = (operation: object) => ({ rules: [{ to: [{ operation }] }] });
  const when = (key: string, values: string[]) => ({ rules: [{ when: [{ key, values }] }] });

  it.each<[string, object[], string]>([
    ['no policy', [], 'allowed'],
    ['an ALLOW without rules lets nobody in', [{}], 'denied'],
    ['an empty rule lets everybody in', [{ rules: [{}] }], 'allowed'],
    ['a DENY without rules denies nothing', [{ action: 'DENY' }], 'allowed'],
    ['principal', [from({ principals: ['cluster.local/ns/client/sa/curl'] })], 'allowed'],
    ['principal, by its end', [from({ principals: ['*/sa/curl'] })], 'allowed'],
    ['another principal', [from({ principals: ['cluster.local/ns/client/sa/x'] })], 'denied'],
    ['not that principal', [from({ notPrincipals: ['*'] })], 'denied'],
    ['namespace', [from({ namespaces: ['client'] })], 'allowed'],
    ['address', [from({ ipBlocks: ['10.1.0.0/16'] })], 'allowed'],
    ['another address', [from({ ipBlocks: ['10.2.0.0/16'] })], 'denied'],
    ['method and path', [to({ methods: ['GET'], paths: ['/api/*'] })], 'allowed'],
    ['another path', [to({ paths: ['/admin'] })], 'denied'],
    ['not that path', [to({ notPaths: ['/api/*'] })], 'denied'],
    ['the port of the workload', [to({ ports: ['8080'] })], 'allowed'],
    ['host, without its port', [to({ hosts: ['WEB.shop'] })], 'allowed'],
    ['a header', [when('request.headers[x-role]', ['admin'])], 'allowed'],
    ['another header', [when('request.headers[x-role]', ['guest'])], 'denied'],
    ['DENY before ALLOW', [{ rules: [{}] }, { action: 'DENY', ...to({ methods: ['GET'] }) }], 'denied'],
    ['DENY that does not fit', [{ action: 'DENY', ...to({ methods: ['POST'] }) }], 'allowed'],
    ['AUDIT decides nothing', [{ action: 'AUDIT', rules: [{}] }], 'allowed'],
    ['a token is not known here', [from({ requestPrincipals: ['*'] })], 'depends'],
    [
      'a token does not matter where something else denies',
      [from({ requestPrincipals: ['*'], principals: ['x'] })],
      'denied',
    ],
    ['CUSTOM asks somebody', [{ action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] }], 'depends'],
    ['another workload', [{ selector: { matchLabels: { app: 'other' } } }], 'allowed'],
  ])('%s', (_name, specs, verdict) => {
    expect(
      authorize(
        specs.map((spec) => policy(spec)),
        workload,
        request,
        'istio-system',
      ).verdict,
    ).toBe(verdict);
  });

  it('has nobody to recognize in plain text, and holds in the root namespace for all', () => {
    const anybody = policy(from({ principals: ['*'] }), 'istio-system/any');
    expect(authorize([anybody], workload, { ...request, principal: undefined }, 'istio-system')).toMatchObject({
      verdict: 'denied',
      policy: anybody,
    });
    expect(authorize([policy({}, 'other/p')], workload, request, 'istio-system').verdict).toBe('allowed');
  });

  it('leaves HTTP out of rules for TCP: they allow nothing, and deny by what is left', () => {
    const tcp = { ...request, http: undefined };
    expect(authorize([policy(to({ methods: ['GET'] }))], workload, tcp, 'istio-system').verdict).toBe('denied');
    expect(
      authorize(
        [policy({ action: 'DENY', ...to({ methods: ['GET'], ports: ['8080'] }) })],
        workload,
        tcp,
        'istio-system',
      ).verdict,
    ).toBe('denied');
    expect(
      authorize([policy({ action: 'DENY', ...to({ methods: ['GET'], ports: ['1'] }) })], workload, tcp, 'istio-system')
        .verdict,
    ).toBe('allowed');
  });
});

describe('protocolOf', () => {
  it.each([
    [{ name: 'http' }, 'HTTP'],
    [{ name: 'http-web' }, 'HTTP'],
    [{ name: 'grpc-web-x' }, 'GRPC-WEB'],
    [{ name: 'tcp-http' }, 'TCP'],
    [{ name: 'web', appProtocol: 'kubernetes.io/h2c' }, 'HTTP2'],
    [{ name: 'tcp', appProtocol: 'http' }, 'HTTP'],
    [{ name: 'web' }, 'UNSUPPORTED'],
    [{ name: 'httpx' }, 'UNSUPPORTED'],
    [{ port: 3306 }, 'TCP'],
    [{ name: 'http', protocol: 'UDP' }, 'UDP'],
  ])('%o is %s', (port, expected) => {
    expect(protocolOf(port).protocol).toBe(expected);
  });
});
