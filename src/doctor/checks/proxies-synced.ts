import { setTimeout as pause } from 'node:timers/promises';
import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, type Found, kubectl, objectOf } from '../check.ts';
import { type ClusterView, hasProxy, type Patient } from '../patient.ts';

const types = ['cluster', 'listener', 'route', 'endpoint'];

export const proxiesSynced: Check = {
  code: 'ISM802',
  title: 'every proxy is connected and has accepted its configuration',
  async run(patient) {
    const found = await look(patient, false);
    if (found.length === 0) return [];
    await pause(patient.graceMs, undefined, { signal: patient.signal });
    return look(patient, true);
  },
};

async function look(patient: Patient, anew: boolean): Promise<Found[]> {
  const { clusters, primaries } = patient;
  const pages = await Promise.all(primaries.map((one) => patient.debug(one, 'syncz', anew)));
  if (primaries.length === 0 || pages.includes(undefined)) return [];
  const connected = pages.flatMap((page) => page!);
  const found = await Promise.all(
    clusters.map(async (cluster) =>
      (await cluster.list<Pod>(kinds.Pod))
        .filter((pod) => hasProxy(pod) && pod['status']?.phase === 'Running' && !pod.metadata.deletionTimestamp)
        .flatMap((pod) => judge(cluster, pod, connected)),
    ),
  );
  return found.flat();
}

function judge(cluster: ClusterView, pod: Pod, connected: any[]): Found[] {
  const { namespace, name } = pod.metadata;
  const proxy = `The proxy of ${cluster.name}/${namespace}/${name}`;
  const found = (severity: Found['severity'], message: string): Found[] => [
    {
      severity,
      message: `${proxy} ${message}`,
      object: objectOf(cluster.name, pod, 'Pod'),
      fix: `${kubectl(cluster.name, namespace)} logs ${name} -c istio-proxy`,
    },
  ];
  const own = connected
    .filter((one) => one.proxy === `${name}.${namespace}` && [cluster.id, undefined].includes(one.cluster_id))
    .at(-1);
  if (!own)
    return found(
      'error',
      'is not connected to any istiod: it goes on with what it was told last, and its certificate is not renewed.',
    );
  const refused = types.filter((type) => own.errors?.[type]);
  if (refused.length > 0)
    return found('error', `has refused its ${refused.join(', ')} configuration: ${own.errors[refused[0]!]}`);
  const late = types.filter((type) => own[`${type}_sent`] !== own[`${type}_acked`]);
  return late.length > 0 ? found('warning', `has not acknowledged its ${late.join(', ')} configuration yet.`) : [];
}
