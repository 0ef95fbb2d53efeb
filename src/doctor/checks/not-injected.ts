import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';
import { hasProxy } from '../patient.ts';

/** A gateway's template says `image: auto`, which injection replaces; where it did not, the node looks for an image of that name. */
export const notInjected: Check = {
  code: 'ISM503',
  title: 'pods that ask for injection have been injected',
  async run({ clusters }) {
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const [pods, namespaces] = await Promise.all([cluster.list<Pod>(kinds.Pod), cluster.list(kinds.Namespace)]);
        const marks = (pod: Pod) =>
          namespaces.find((one) => one.metadata.name === pod.metadata.namespace)?.metadata.labels ?? {};
        return pods.flatMap((pod) => {
          const { namespace, name, labels = {}, annotations = {} } = pod.metadata;
          if (pod['status']?.phase === 'Succeeded' || pod['status']?.phase === 'Failed') return [];
          const auto = (pod.spec['containers'] ?? []).some((one: any) => one.image === 'auto');
          const refused = (labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject']) === 'false';
          const asked =
            labels['sidecar.istio.io/inject'] === 'true' ||
            marks(pod)['istio-injection'] === 'enabled' ||
            marks(pod)['istio.io/rev'] !== undefined;
          const missing = auto || (asked && !refused && !hasProxy(pod) && pod.spec['hostNetwork'] !== true);
          if (!missing) return [];
          const disabled = marks(pod)['istio-injection'] === 'disabled';
          return [
            {
              severity: auto ? ('error' as const) : ('warning' as const),
              message: auto
                ? `Pod ${cluster.name}/${namespace}/${name} has the image "auto": it was not injected${disabled ? `, since namespace ${namespace} has istio-injection=disabled` : ''}.`
                : `Pod ${cluster.name}/${namespace}/${name} has no proxy although its namespace or label asks for one: it was made before, or the webhook did not answer. It is outside of the mesh.`,
              object: objectOf(cluster.name, pod, 'Pod'),
              fix: `${disabled ? `${kubectl(cluster.name)} label namespace ${namespace} istio-injection- ; ` : ''}${kubectl(cluster.name, namespace)} delete pod ${name}`,
            },
          ];
        });
      }),
    );
    return found.flat();
  },
};
