/** The first step: the client's pod, and whether its proxy is there and up to date. */
import { type KubeObject, kinds, type Pod } from '../../../kube/index.ts';
import { readCertificate } from '../../../pki/index.ts';
import { decision } from '../config.ts';
import type { ProxyDump } from '../envoy/dump.ts';
import { ownCertificate } from '../envoy/tls.ts';
import type { MeshFacts } from '../facts.ts';
import { workloadOf } from '../pods.ts';
import { readProxy } from '../proxies.ts';
import { step, type Trace } from '../trace.ts';
import type { Deviation, Step } from '../types.ts';

export async function clientStep(trace: Trace): Promise<{ step: Step; dump: ProxyDump | undefined }> {
  const { facts, client, config } = trace;
  const { cluster, namespace, pod, workload } = client;
  const at = { cluster, namespace, pod };
  const made = step({ kind: 'client', at, title: `${pod} of ${workload} in ${cluster}/${namespace}` });
  made.decisions.push(decision(cluster, { ...client.object, kind: 'Pod' }, `service account ${client.serviceAccount}`));
  if (!client.hasProxy) {
    made.deviations.push(await missingSidecar(trace, cluster, client.object));
    return { step: made, dump: undefined };
  }
  const read = await readProxy(facts, cluster, namespace, pod);
  if (!('dump' in read)) {
    made.deviations.push({
      code: 'proxy-unreadable',
      severity: 'error',
      message: `The configuration of the proxy of ${cluster}/${namespace}/${pod} cannot be read: ${read.why}. What it does is not known.`,
      fix: `kubectl --context ${cluster} -n ${namespace} exec ${pod} -c istio-proxy -- pilot-agent request GET config_dump`,
    });
    return { step: made, dump: undefined };
  }
  const pem = ownCertificate(read.dump);
  const identity = pem ? readCertificate(pem).uris[0] : undefined;
  made.details.push(
    identity ? `identity ${identity}` : 'no certificate yet',
    `cluster ID ${client.clusterId}, network ${client.network || 'none'}`,
  );
  if (config.plane) made.details.push(`configured by istiod of ${config.plane.cluster}`);
  made.deviations.push(
    ...syncDeviations(trace),
    ...read.dump.refused.map(
      (one): Deviation => ({
        code: 'proxy-not-synced',
        severity: 'error',
        message: `The proxy refused ${one.name} and goes on with what it had before: ${one.why}`,
      }),
    ),
  );
  return { step: made, dump: read.dump };
}

const types = ['cluster', 'listener', 'route', 'endpoint'];

function syncDeviations({ client, config }: Trace): Deviation[] {
  const { cluster, namespace, pod } = client;
  const restart = `kubectl --context ${cluster} -n ${namespace} delete pod ${pod}`;
  const { plane } = config;
  if (!plane)
    return [
      {
        code: 'proxy-not-connected',
        severity: 'warning',
        message: `No istiod was found that serves cluster ${cluster}. The proxy goes on with what it was told last.`,
      },
    ];
  const own = plane.proxies.filter((one) => one.proxy === `${pod}.${namespace}`);
  if (plane.proxies.length === 0) return [];
  const found = own.find((one) => one.cluster_id === client.clusterId) ?? own[0];
  if (!found)
    return [
      {
        code: 'proxy-not-connected',
        severity: 'error',
        message: `istiod of ${plane.cluster} knows no proxy ${pod}.${namespace}: it goes on with what it was told last.`,
        fix: `look why: kubectl --context ${cluster} -n ${namespace} logs ${pod} -c istio-proxy; then ${restart}`,
      },
    ];
  if (found.cluster_id !== client.clusterId)
    return [
      {
        code: 'proxy-not-connected',
        severity: 'warning',
        message: `istiod of ${plane.cluster} takes the proxy for one of cluster ${found.cluster_id}, its pod says ${client.clusterId}.`,
      },
    ];
  return types.flatMap((type): Deviation[] => {
    const [sent, acked] = [found[`${type}_sent`], found[`${type}_acked`]];
    const refusal = found.errors?.[type];
    if (!refusal && sent === acked) return [];
    return [
      {
        code: 'proxy-not-synced',
        severity: refusal ? 'error' : 'warning',
        message: refusal
          ? `The proxy has refused the ${type}s of istiod: ${refusal}`
          : `The proxy has not acknowledged the ${type}s that istiod of ${plane.cluster} sent last; it may go on with older ones.`,
        fix: refusal ? 'correct the configuration that it names' : restart,
      },
    ];
  });
}

/** A pod without a proxy. Where that is wanted, it is no more than worth knowing. */
export async function missingSidecar({ facts }: Pick<Trace, 'facts'>, cluster: string, pod: Pod): Promise<Deviation> {
  const { namespace = '', name = '' } = pod.metadata;
  const { why, fix, wanted } = await notInjected(facts, cluster, pod);
  return {
    code: 'sidecar-missing',
    severity: wanted ? 'info' : 'warning',
    message: `Pod ${cluster}/${namespace}/${name} has no sidecar: ${why}. It sends and takes plain text, and no rule of the mesh holds for what it sends.`,
    object: { cluster, kind: 'Pod', namespace, name },
    fix,
  };
}

/** Why a pod has no proxy, by the labels that decide on injection. */
export async function notInjected(
  facts: MeshFacts,
  cluster: string,
  pod: Pod,
): Promise<{ why: string; fix: string; wanted: boolean }> {
  const { namespace = '', name = '', labels = {}, annotations = {} } = pod.metadata;
  const namespaces = await facts.list<KubeObject>(cluster, kinds.Namespace);
  const marks = namespaces.find((one) => one.metadata.name === namespace)?.metadata.labels ?? {};
  const enabled = marks['istio-injection'] === 'enabled' || marks['istio.io/rev'] !== undefined;
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller);
  const workload = workloadOf(pod);
  const at = `kubectl --context ${cluster} -n ${namespace}`;
  const again =
    owner?.kind === 'ReplicaSet' ? `${at} rollout restart deployment/${workload}` : `${at} delete pod ${name}`;
  const label = `kubectl --context ${cluster} label namespace ${namespace} istio-injection=enabled --overwrite && ${again}`;
  if (pod.spec['hostNetwork'] === true)
    return {
      why: 'it is on the network of its node, and such pods are never injected',
      fix: 'take hostNetwork out of its template',
      wanted: true,
    };
  if ((labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject']) === 'false')
    return {
      why: 'sidecar.istio.io/inject is false on it',
      fix: `take the label or annotation out of its template, then ${again}`,
      wanted: true,
    };
  if (marks['istio-injection'] === 'disabled')
    return { why: `namespace ${namespace} has istio-injection=disabled`, fix: label, wanted: true };
  if (enabled)
    return {
      why: `it was made before namespace ${namespace} was labelled, or while the webhook did not answer`,
      fix: again,
      wanted: false,
    };
  return { why: `namespace ${namespace} has no label istio-injection=enabled`, fix: label, wanted: false };
}
