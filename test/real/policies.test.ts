/**
 * Istio's control plane and ours on the same planted policies, Telemetry and EnvoyFilters: what they serve the same nodes is the same, but for
 * what is explained. Access logs are compared here; what counts metrics is not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdsNode, Served } from './support/ads-client.ts';
import { explanations } from './support/explanations.ts';
import { flat, flatDifferences } from './support/flat.ts';
import { madeUpNode } from './support/nodes.ts';
import { type SideBySide, startSideBySide } from './support/side-by-side.ts';

let both: SideBySide;

const mesh = `
trustDomain: cluster.local
trustDomainAliases: [old.domain]
rootNamespace: istio-system
accessLogFile: /dev/stdout
defaultConfig: {discoveryAddress: istiod.istio-system.svc:15012}
extensionProviders:
- name: ext-grpc
  envoyExtAuthzGrpc: {service: authz.shop.svc.cluster.local, port: 9191, timeout: 1.5s, failOpen: true, statusOnError: "503"}
- name: ext-http
  envoyExtAuthzHttp:
    service: shop/authz.shop.svc.cluster.local
    port: 8000
    pathPrefix: /check
    includeRequestHeadersInCheck: [authorization, "x-*"]
    includeAdditionalHeadersInCheck: {b: two, a: one}
    includeRequestBodyInCheck: {maxRequestBytes: 64, allowPartialMessage: true}
    headersToUpstreamOnAllow: ["*-user"]
    headersToDownstreamOnDeny: [set-cookie]
- name: json
  envoyFileAccessLog: {path: /tmp/log, logFormat: {labels: {status: "%RESPONSE_CODE%"}}, omitEmptyValues: true}
- name: als-http
  envoyHttpAls: {service: authz.shop.svc.cluster.local, port: 9191, additionalRequestHeadersToLog: [x-a]}
- name: als-tcp
  envoyTcpAls: {service: shop/authz.shop.svc.cluster.local, port: 9191, logName: named, filterStateObjectsToLog: [a]}
- name: otel
  envoyOtelAls: {service: authz.shop.svc.cluster.local, port: 9191, logFormat: {text: "%PROTOCOL%", labels: {b: "%DURATION%", a: x}}}
- name: lost
  envoyOtelAls: {service: nowhere.example, port: 1}
- name: text
  envoyFileAccessLog: {path: /tmp/text, logFormat: {text: "%PROTOCOL% %REQ_WITHOUT_QUERY(:PATH)%"}}
`;

beforeAll(async () => {
  both = await startSideBySide(readFileSync(join(import.meta.dirname, 'planted/policies.yaml'), 'utf8'), mesh);
});

afterAll(async () => {
  await both?.[Symbol.asyncDispose]();
});

const nodes: Record<string, AdsNode> = {
  'a server with all policies': madeUpNode('sidecar', '10.10.0.11', 'web.shop', { app: 'web', version: 'v1' }),
  'a client of its namespace': madeUpNode('sidecar', '10.10.0.20', 'client.shop', { app: 'client' }),
  'a server whose provider is unknown': madeUpNode('sidecar', '10.10.0.24', 'asked.edge', { app: 'asked' }),
  'a gateway': madeUpNode('router', '10.10.0.22', 'gateway.edge', { istio: 'ingress', app: 'ingress' }),
};

/** Without the loggers that count, and without the condition by which connections are logged at their end only. */
function withoutMetrics(served: Served): Served {
  const strip = (value: any): any => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    const { access_log: logs, access_log_options: _, ...rest } = value;
    const kept = (logs ?? []).filter((one: any) => one.name !== 'envoy.access_loggers.stats').map(atAnyTime);
    return {
      ...Object.fromEntries(Object.entries(rest).map(([key, one]) => [key, strip(one)])),
      ...(kept.length > 0 ? { access_log: kept } : {}),
    };
  };
  return { ...served, listeners: new Map([...served.listeners].map(([name, one]) => [name, strip(one)])) };
}

function atAnyTime({ filter, ...log }: any): any {
  const all = (filter?.and_filter?.filters ?? (filter ? [filter] : [])).filter((one: any) => !one.log_type_filter);
  if (all.length === 0) return log;
  return { ...log, filter: all.length > 1 ? { and_filter: { filters: all } } : all[0] };
}

test('the comparison is about what it should be about', async () => {
  const names = async (node: AdsNode) => JSON.stringify([...(await both.istio(node)).listeners.values()]);
  const server = await names(nodes['a server with all policies']!);
  for (const one of ['jwt_authn', 'ext_authz', 'http.rbac', 'network.rbac', 'lua.root', 'filters.cel', 'uri-template'])
    expect(server).toContain(one);
  const gateway = await names(nodes['a gateway']!);
  for (const one of ['ext_authz', 'open_telemetry', 'http_grpc', 'network.rbac', 'replaced'])
    expect(gateway).toContain(one);
});

test.each(Object.entries(nodes))('%s is served the same', async (_name, one) => {
  const [istio, isthmus] = [await both.istio(one), both.isthmus(one)].map(withoutMetrics) as [Served, Served];
  const explained = explanations().filter((each) => !each.test('/access_log'));
  const unexplained = flatDifferences(istio, isthmus).filter(({ path }) => !explained.some((each) => each.test(path)));
  expect(flat(istio).size).toBeGreaterThan(500);
  expect(unexplained).toEqual([]);
});
