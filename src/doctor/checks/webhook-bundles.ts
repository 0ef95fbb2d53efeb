import { type ConfigMap, type KubeObject, kinds } from '../../kube/index.ts';
import { readCertificate, splitPem } from '../../pki/index.ts';
import { type Check, kubectl, objectOf, textOf } from '../check.ts';

const webhookKinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;

/** Both kinds are looked at by themselves: one may be right while the other is not. */
export const webhookBundles: Check = {
  code: 'ISM501',
  title: 'API servers trust the webhooks of istiod',
  async run({ clusters, system }) {
    const found = await Promise.all(
      clusters.flatMap((cluster) =>
        webhookKinds.map(async (kind) => {
          const map = await cluster.find<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', system);
          const roots = fingerprints(map?.data?.['root-cert.pem'] ?? '');
          const configurations = (await cluster.list(kinds[kind])).filter(isIstios);
          return configurations.flatMap((one) => {
            const bundles = ((one['webhooks'] ?? []) as any[]).filter((hook) => hook.clientConfig?.service);
            const empty = bundles.find((hook) => !hook.clientConfig.caBundle);
            const other = bundles.find((hook) => {
              const own = fingerprints(Buffer.from(hook.clientConfig.caBundle ?? '', 'base64').toString('utf8'));
              return own.length > 0 && roots.length > 0 && !own.some((each) => roots.includes(each));
            });
            if (!empty && !other) return [];
            const object = objectOf(cluster.name, one, kind);
            const what =
              kind === 'MutatingWebhookConfiguration'
                ? 'pods are not made where injection is asked for'
                : 'objects of Istio are refused, or let in unseen';
            return [
              {
                severity: 'error' as const,
                message: empty
                  ? `${textOf(object)} has no caBundle (webhook ${empty.name}): ${what}.`
                  : `${textOf(object)} trusts another root than istiod's certificate is of (webhook ${other.name}): ${what}.`,
                object,
                fix: `istiod writes it, where it may: see label istio.io/rev of ${one.metadata.name}, annotation topology.istio.io/controlPlaneClusters of namespace ${system}, and: ${kubectl(cluster.name)} auth can-i patch ${kinds[kind].plural}.admissionregistration.k8s.io --as=system:serviceaccount:${system}:istio-reader-service-account`,
              },
            ];
          });
        }),
      ),
    );
    return found.flat();
  },
};

export const isIstios = ({ metadata, ...one }: KubeObject): boolean =>
  metadata.labels?.['istio.io/rev'] !== undefined ||
  ((one['webhooks'] ?? []) as any[]).some((hook) => String(hook.name).endsWith('.istio.io'));

function fingerprints(pem: string): string[] {
  try {
    return splitPem(pem).map((one) => readCertificate(one).fingerprint);
  } catch {
    return [];
  }
}
