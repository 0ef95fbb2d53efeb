import { type KubeObject, kinds } from '../../kube/index.ts';
import { type Check, kubectl, objectOf, textOf } from '../check.ts';

/** One side demands mutual TLS and the other is told to send plain text. */
export const strictPlain: Check = {
  code: 'ISM803',
  title: 'no DestinationRule turns off the TLS that a PeerAuthentication demands',
  async run({ primaries, system }) {
    const found = await Promise.all(
      primaries.map(async (primary) => {
        const [rules, policies] = await Promise.all([
          primary.list(kinds.DestinationRule),
          primary.list(kinds.PeerAuthentication),
        ]);
        const strict = policies.filter((one) => one['spec']?.mtls?.mode === 'STRICT' && !one['spec']?.selector);
        return rules.flatMap((rule) => {
          if (rule['spec']?.trafficPolicy?.tls?.mode !== 'DISABLE') return [];
          const namespace = namespaceOf(rule);
          const own = policies.find(
            (one) =>
              one.metadata.namespace === namespace &&
              !one['spec']?.selector &&
              one['spec']?.mtls?.mode &&
              one['spec'].mtls.mode !== 'UNSET',
          );
          const policy = own
            ? strict.find((one) => one === own)
            : strict.find((one) => one.metadata.namespace === system);
          if (!policy || namespace === undefined) return [];
          const object = objectOf(primary.name, rule, 'DestinationRule');
          return [
            {
              severity: 'error' as const,
              message: `${textOf(object)} sends plain text to ${rule['spec'].host}, where ${textOf(objectOf(primary.name, policy, 'PeerAuthentication'))} demands mutual TLS: every request is refused (503).`,
              object,
              beside: [objectOf(primary.name, policy, 'PeerAuthentication')],
              fix: `${kubectl(primary.name, object.namespace)} edit destinationrule ${object.name}, and take trafficPolicy.tls out`,
            },
          ];
        });
      }),
    );
    return found.flat();
  },
};

/** Namespace of the service that a rule is for; undefined for wildcards and hosts outside of the mesh. */
function namespaceOf({ metadata, ...rule }: KubeObject): string | undefined {
  const host: string = rule['spec']?.host ?? '';
  if (host.startsWith('*')) return undefined;
  return host.includes('.') ? /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(host)?.[1] : metadata.namespace;
}
