/** The server itself: what it is, how it is set, who is signed in. */
import { defaultTolerances, type MeshView } from '../../../observe/index.ts';
import type { ApiRoot, ClusterListItem, ComponentStatus, ServerConfig, StatusInfo } from '../../api.ts';
import type { ConsoleContext } from '../context.ts';
import { badRequest, readBody } from '../http.ts';
import type { AddRoute } from '../routes.ts';
import type { Viewer } from '../viewer.ts';
import { visible } from './mesh.ts';

export function addAbout(add: AddRoute, context: ConsoleContext): void {
  const { observer, auth, version } = context;
  add(
    'GET',
    '/api',
    { summary: 'what this is', answer: 'ApiRoot', isOpen: true },
    (): ApiRoot => ({ name: 'isthmus', version, openapi: '/api/openapi.json' }),
  );
  add('GET', '/api/healthz', { summary: 'ok while the server lives', isOpen: true }, () => ({ status: 'ok' }));
  add('GET', '/api/auth/info', { summary: 'how to sign in, and who is', answer: 'AuthInfo', isOpen: true }, ({ raw }) =>
    auth.info(raw),
  );
  add(
    'POST',
    '/api/authenticate',
    { summary: 'signs in with a token', answer: 'SessionInfo', takes: 'token', isOpen: true },
    async ({ raw, response }) => {
      const token = new URLSearchParams(await readBody(raw)).get('token');
      if (!token) throw badRequest('there is no token in the body', 'send it as a form: token=...');
      return auth.signInByForm(token.trim(), raw, response);
    },
  );
  for (const method of ['GET', 'DELETE'] as const)
    add(method, '/api/logout', { summary: 'signs out', isOpen: true }, ({ raw, response }) => {
      auth.signOut(raw, response);
      return {};
    });
  add('GET', '/api/status', { summary: "Kiali's status", answer: 'StatusInfo' }, ({ viewer }) =>
    statusInfo(visible(observer.mesh(), viewer), version),
  );
  add(
    'GET',
    '/api/config',
    { summary: "Kiali's configuration, in what means something here", answer: 'ServerConfig' },
    ({ viewer }) => serverConfig(context, viewer),
  );
  add(
    'GET',
    '/api/istio/status',
    { summary: "Kiali's status of components", answer: 'ComponentStatus[]' },
    ({ viewer }) => componentStatus(visible(observer.mesh(), viewer)),
  );
}

function statusInfo(view: MeshView, version: string): StatusInfo {
  return {
    status: { 'Isthmus version': version, 'Kiali state': 'running', 'Kiali version': version },
    externalServices: view.clusters.flatMap((one) => [
      ...(one.kubernetesVersion ? [{ name: 'Kubernetes', version: one.kubernetesVersion, cluster: one.name }] : []),
      ...(one.prometheus.version ? [{ name: 'Prometheus', version: one.prometheus.version, cluster: one.name }] : []),
      ...one.controlPlanes.map((plane) => ({
        name: 'Istio',
        cluster: one.name,
        ...(plane.version ? { version: plane.version } : {}),
      })),
    ]),
    warningMessages: [
      ...view.problems.map((one) => `${one.cluster}: ${one.why}`),
      ...view.disagreements.map((one) => `${one.cluster}: ${one.what}: ${one.why}`),
      ...view.links
        .filter((one) => one.state === 'broken')
        .map((one) => `${one.kind} ${one.from} to ${one.to}: ${one.why}`),
    ],
  };
}

const minute = 60;

function serverConfig({ observer, allowEdit, version }: ConsoleContext, viewer: Viewer): ServerConfig {
  const view = visible(observer.mesh(), viewer);
  const clusters = view.clusters.map((one): [string, ClusterListItem] => [
    one.name,
    {
      name: one.name,
      accessible: one.api.reachable,
      ...(one.api.reason ? { reason: one.api.reason } : {}),
      ...(one.network ? { network: one.network } : {}),
      ...(one.server ? { apiEndpoint: one.server } : {}),
    },
  ]);
  const tolerance = defaultTolerances.map(({ code, protocol, direction, degraded, failure }) => ({
    code: code.source,
    protocol: protocol.source,
    direction: direction.source,
    degraded,
    failure,
  }));
  return {
    allowEdit,
    clusters: Object.fromEntries(clusters),
    istioNamespaces: Object.fromEntries(
      observer.clusters.map((one) => [one.name, one.rootNamespaces[0] ?? 'istio-system']),
    ),
    healthConfig: { rate: [{ tolerance }] },
    prometheus: prometheusConfig(view),
    durations: [30, minute, 5 * minute, 10 * minute, 30 * minute, 60 * minute, 180 * minute, 360 * minute],
    version,
  };
}

function prometheusConfig({ clusters }: MeshView): ServerConfig['prometheus'] {
  const known = (name: 'scrapeInterval' | 'retention'): number[] =>
    clusters.map((one) => one.prometheus[name]).filter((one) => one !== undefined);
  const [intervals, retentions] = [known('scrapeInterval'), known('retention')];
  return {
    ...(intervals.length > 0 ? { globalScrapeInterval: Math.max(...intervals) } : {}),
    ...(retentions.length > 0 ? { storageTsdbRetention: Math.min(...retentions) } : {}),
  };
}

/** Kiali's words: Healthy, Unhealthy, NotFound, Unreachable. */
function componentStatus(view: MeshView): ComponentStatus[] {
  const word = (state: string): string =>
    state === 'broken' ? 'Unhealthy' : state === 'unknown' ? 'Unreachable' : 'Healthy';
  return view.clusters.flatMap((one) => [
    ...one.controlPlanes.map((plane) => ({
      cluster: one.name,
      namespace: plane.namespace,
      name: plane.name,
      status: word(plane.state),
      isCore: true,
    })),
    ...one.gateways.map((gateway) => ({
      cluster: one.name,
      namespace: gateway.namespace,
      name: gateway.name,
      status: word(gateway.state),
      isCore: gateway.type === 'eastwest',
    })),
    {
      cluster: one.name,
      namespace: 'istio-system',
      name: 'prometheus',
      status: one.prometheus.source ? word(one.prometheus.state) : 'NotFound',
      isCore: true,
    },
  ]);
}
