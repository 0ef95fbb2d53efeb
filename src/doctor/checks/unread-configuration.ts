import { type Kind, kinds } from '../../kube/index.ts';
import { type Check, kubectl, objectOf, textOf } from '../check.ts';

const read: Kind[] = [
  kinds.VirtualService,
  kinds.DestinationRule,
  kinds.Gateway,
  kinds.ServiceEntry,
  kinds.Sidecar,
  kinds.PeerAuthentication,
  kinds.RequestAuthentication,
  kinds.AuthorizationPolicy,
  kinds.Telemetry,
  kinds.EnvoyFilter,
];

/** istiod reads configuration from its own cluster alone; of remotes it reads services, endpoints and pods. */
export const unreadConfiguration: Check = {
  code: 'ISM801',
  title: 'configuration lies where a control plane reads it',
  async run({ clusters, primaries }) {
    if (primaries.length === 0) return [];
    const found = await Promise.all(
      clusters
        .filter((one) => !one.istiod)
        .flatMap((cluster) =>
          read.map(async (kind) =>
            (await cluster.list(kind)).map((one) => {
              const object = objectOf(cluster.name, one, kind.kind);
              return {
                severity: 'warning' as const,
                message: `${textOf(object)} has no effect: no istiod runs in ${cluster.name}, and that of ${primaries.map((each) => each.name).join(', ')} reads configuration from its own cluster alone.`,
                object,
                fix: `${kubectl(cluster.name, object.namespace)} get ${kind.plural}.${kind.group} ${object.name} -o yaml | grep -vE '^  (resourceVersion|uid|creationTimestamp):' | ${kubectl(primaries[0]!.name)} apply -f -`,
              };
            }),
          ),
        ),
    );
    return found.flat();
  },
};
