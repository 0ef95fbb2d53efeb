import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, type Found, kubectl, objectOf } from '../check.ts';
import { hasProxy } from '../patient.ts';

const types = ['cluster', 'listener', 'route', 'endpoint'];

export const proxiesSynced: Check = {
  code: 'ISM802',
  title: 'every proxy is connected and has accepted its configuration',
  async run(patient) {
    const { clusters, primaries } = patient;
    const pages = await Promise.all(primaries.map((one) => patient.debug(one, 'syncz')));
    if (primaries.length === 0 || pages.includes(undefined)) return [];
    const connected = pages.flatMap((page) => page!);
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const pods = (await cluster.list<Pod>(kinds.Pod)).filter(
          (pod) => hasProxy(pod) && pod['status']?.phase === 'Running' && !pod.metadata.deletionTimestamp,
        );
        return pods.flatMap((pod): Found[] => {
          const { namespace, name } = pod.metadata;
          const object = objectOf(cluster.name, pod, 'Pod');
          const logs = `${kubectl(cluster.name, namespace)} logs ${name} -c istio-proxy`;
          const own = connected
            .filter(
              (one) =>
                one.proxy === `${name}.${namespace}` && (one.cluster_id === cluster.id || one.cluster_id === undefined),
            )
            .at(-1);
          if (!own)
            return [
              {
                severity: 'error' as const,
                message: `The proxy of ${cluster.name}/${namespace}/${name} is not connected to any istiod: it goes on with what it was told last, and its certificate is not renewed.`,
                object,
                fix: logs,
              },
            ];
          const refused = types.filter((type) => own.errors?.[type]);
          if (refused.length > 0)
            return [
              {
                severity: 'error' as const,
                message: `The proxy of ${cluster.name}/${namespace}/${name} has refused its ${refused.join(', ')} configuration: ${own.errors[refused[0]!]}`,
                object,
                fix: logs,
              },
            ];
          const late = types.filter((type) => own[`${type}_sent`] !== own[`${type}_acked`]);
          if (late.length === 0) return [];
          return [
            {
              severity: 'warning' as const,
              message: `The proxy of ${cluster.name}/${namespace}/${name} has not acknowledged its ${late.join(', ')} configuration yet.`,
              object,
              fix: logs,
            },
          ];
        });
      }),
    );
    return found.flat();
  },
};
