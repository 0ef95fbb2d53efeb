/** What joins the clusters, each link with its state and the reason where it is broken. */
import type { KubeObject } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { ClusterView, GatewayView, LinkKind, MeshLink, State } from '../types/index.ts';
import { crossNetworkPort } from './gateways.ts';

type Found = Omit<MeshLink, 'since'>;
type Verdict = { state: State; why?: string | undefined; fix?: string | undefined };

export interface LinkSources {
  views: ClusterView[];
  /** By the mesh's name of the cluster. */
  model: (name: string) => ClusterModel | undefined;
}

/** All links of clusters that are in the mesh. */
export function linksOf(sources: LinkSources): Found[] {
  const meshed = sources.views.filter((one) => one.role === 'primary' || one.role === 'remote');
  return [
    ...meshed.flatMap((from) => remoteSecretLinks(from, meshed)),
    ...meshed.flatMap((from) => controlPlaneLinks(from, sources)),
    ...meshed.flatMap((from) => meshed.flatMap((to) => eastWestLink(from, to, sources))),
    ...sources.views.flatMap(federationLinks),
    ...meshed.flatMap((from, index) => meshed.slice(index + 1).map((to) => trustLink(from, to))),
  ];
}

const link = (
  kind: LinkKind,
  from: string,
  to: string,
  { state, why, fix }: Verdict,
  object?: Found['object'],
): Found => ({
  id: `${kind}:${from}>${to}`,
  kind,
  from,
  to,
  state,
  ...(state !== 'ok' && why ? { why } : {}),
  ...(state !== 'ok' && fix ? { fix } : {}),
  ...(object ? { object } : {}),
});

/** An istiod must read every cluster that it serves, and every other primary of its mesh; whatever a Secret names is shown as well. */
function remoteSecretLinks(from: ClusterView, meshed: ClusterView[]): Found[] {
  if (from.role !== 'primary') return [];
  const meshId = from.controlPlanes[0]?.meshId;
  const needed = meshed.filter(
    (one) =>
      one.name !== from.name &&
      (one.controlledBy.includes(from.name) ||
        (one.role === 'primary' && meshId !== undefined && one.controlPlanes.some((plane) => plane.meshId === meshId))),
  );
  const targets = new Set([...needed.map((one) => one.name), ...from.remoteSecrets.map((one) => one.target)]);
  return [...targets].map((to) => {
    const secret = from.remoteSecrets.find((one) => one.target === to);
    if (secret) {
      const { namespace, name } = secret;
      return link('remote-secret', from.name, to, secret, { cluster: from.name, kind: 'Secret', namespace, name });
    }
    if (!from.api.reachable)
      return link('remote-secret', from.name, to, {
        state: 'unknown',
        why: `${from.name} gives no answer: ${from.api.reason}`,
      });
    const unseen = from.api.unseenKinds.find((one) => one.kind === 'RemoteSecret');
    if (unseen)
      return link('remote-secret', from.name, to, { state: 'unknown', why: `Secrets of ${from.name}: ${unseen.why}` });
    const namespace = from.controlPlanes[0]?.namespace ?? 'istio-system';
    return link('remote-secret', from.name, to, {
      state: 'broken',
      why: `there is no Secret in ${from.name} that is labelled istio/multiCluster=true and has a key ${to}, so that istiod of ${from.name} cannot read ${to}`,
      fix: `istioctl create-remote-secret --context ${contextOf(to, meshed)} --name ${to} | kubectl --context ${from.context ?? from.name} -n ${namespace} apply -f -`,
    });
  });
}

const contextOf = (name: string, views: ClusterView[]): string =>
  views.find((one) => one.name === name)?.context ?? name;

/** Proxies of a remote get their configuration from its primary's istiod, through the primary's gateway where networks differ. */
function controlPlaneLinks(from: ClusterView, { views }: LinkSources): Found[] {
  return from.controlledBy
    .filter((name) => name !== from.name)
    .map((name) => {
      const to = views.find((one) => one.name === name);
      const plane = to?.controlPlanes[0];
      const object = plane && { cluster: name, kind: 'Deployment', namespace: plane.namespace, name: plane.name };
      return link('control-plane', from.name, name, controlPlaneVerdict(from, to), object);
    });
}

function controlPlaneVerdict(from: ClusterView, to: ClusterView | undefined): Verdict {
  if (!to) return { state: 'unknown', why: 'no kubeconfig context leads to the cluster of its control plane' };
  if (!to.api.reachable) return { state: 'unknown', why: `${to.name} gives no answer: ${to.api.reason}` };
  const plane = to.controlPlanes[0];
  if (!plane) return { state: 'broken', why: `there is no istiod in ${to.name}` };
  if (plane.state === 'broken') return { state: 'broken', why: plane.why };
  if (from.network !== to.network) {
    const gateway = bestGateway(to, 15_012);
    if (!gateway)
      return { state: 'broken', why: `no gateway of ${to.name} has port 15012, by which ${from.name} reaches istiod` };
    if (gateway.state === 'broken')
      return { state: 'broken', why: `gateway ${gateway.name} of ${to.name}: ${gateway.why}`, fix: gateway.fix };
  }
  if (plane.proxies === undefined) return { state: 'ok' };
  const stale = plane.proxies.stale.filter((one) => one.cluster === from.name);
  if (stale.length > 0)
    return {
      state: 'degraded',
      why: `${stale.length} proxies of ${from.name} have not accepted what istiod sent: ${stale
        .map((one) => one.proxy)
        .slice(0, 3)
        .join(', ')}`,
    };
  return { state: 'ok' };
}

function bestGateway(view: ClusterView, port: number): GatewayView | undefined {
  const fit = view.gateways.filter((one) => one.ports.some((candidate) => candidate.port === port));
  return fit.find((one) => one.state === 'ok') ?? fit[0];
}

/** Between networks there is one way only: the gateway of the other side, its port 15443, and a Gateway object that opens it. */
function eastWestLink(from: ClusterView, to: ClusterView, sources: LinkSources): Found[] {
  if (from.name === to.name || !from.network || !to.network || from.network === to.network) return [];
  const gateway = bestGateway(to, crossNetworkPort) ?? to.gateways.find((one) => one.type === 'eastwest');
  const object = gateway && { cluster: to.name, kind: 'Service', namespace: gateway.namespace, name: gateway.name };
  return [link('east-west', from.name, to.name, eastWestVerdict(from, to, gateway, sources), object)];
}

function eastWestVerdict(
  from: ClusterView,
  to: ClusterView,
  gateway: GatewayView | undefined,
  sources: LinkSources,
): Verdict {
  if (!to.api.reachable) return { state: 'unknown', why: `${to.name} gives no answer: ${to.api.reason}` };
  if (!gateway)
    return {
      state: 'broken',
      why: `${to.name} has no east-west gateway: no Service there has port ${crossNetworkPort}`,
    };
  if (gateway.state === 'broken')
    return { state: 'broken', why: `gateway ${gateway.name} of ${to.name}: ${gateway.why}`, fix: gateway.fix };
  if (gateway.addresses.length === 0)
    return { state: 'broken', why: `gateway ${gateway.name} of ${to.name} has no address outside of its cluster` };
  const roots = [from, to].map((one) => one.trust.rootFingerprint);
  if (roots[0] && roots[1] && roots[0] !== roots[1])
    return {
      state: 'broken',
      why: `${from.name} and ${to.name} have different roots of trust, so that their proxies refuse each other`,
    };
  for (const one of [from, to])
    if (one.trust.state === 'broken')
      return { state: 'broken', why: `trust of ${one.name}: ${one.trust.why}`, fix: one.trust.fix };
  const readers = to.controlledBy.map(sources.model).filter((one) => one !== undefined);
  if (
    readers.length > 0 &&
    readers.every((one) => one.api.reachable) &&
    !readers.some((one) => opensCrossNetwork(one.list('Gateway')))
  )
    return {
      state: 'broken',
      why: `no Gateway that istiod of ${to.controlledBy.join(', ')} reads opens port ${crossNetworkPort} with tls mode AUTO_PASSTHROUGH`,
      fix: `kubectl --context ${contextOf(to.controlledBy[0] ?? to.name, sources.views)} get gateways.networking.istio.io -A`,
    };
  if (gateway.state === 'degraded')
    return { state: 'degraded', why: `gateway ${gateway.name} of ${to.name}: ${gateway.why}` };
  return { state: 'ok' };
}

function opensCrossNetwork(gateways: KubeObject[]): boolean {
  return gateways.some((one) =>
    (one['spec']?.servers ?? []).some(
      (server: any) => server.tls?.mode === 'AUTO_PASSTHROUGH' && server.port?.number === crossNetworkPort,
    ),
  );
}

function federationLinks(view: ClusterView): Found[] {
  return view.prometheus.federation.flatMap((one) =>
    one.cluster && one.cluster !== view.name
      ? [
          link('federation', view.name, one.cluster, {
            state: one.state,
            why: one.why && `Prometheus of ${view.name} takes no series from ${one.target || one.cluster}: ${one.why}`,
          }),
        ]
      : [],
  );
}

function trustLink(one: ClusterView, other: ClusterView): Found {
  const [mine, theirs] = [one.trust.rootFingerprint, other.trust.rootFingerprint];
  const verdict = (): Verdict => {
    if (!mine || !theirs)
      return { state: 'unknown', why: `no root certificate is seen in ${(mine ? other : one).name}` };
    if (mine !== theirs)
      return {
        state: 'broken',
        why: `roots differ: ${mine.slice(0, 16)} in ${one.name}, ${theirs.slice(0, 16)} in ${other.name}`,
        fix: 'give both clusters a CA below one root, and restart istiod and the workloads',
      };
    const bad = [one, other].find((view) => view.trust.state !== 'ok');
    return bad ? { state: bad.trust.state, why: `${bad.name}: ${bad.trust.why}`, fix: bad.trust.fix } : { state: 'ok' };
  };
  return link('trust', one.name, other.name, verdict());
}
