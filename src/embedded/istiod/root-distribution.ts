/**
 * How clusters come to trust istiod: ConfigMap istio-ca-root-cert in every namespace, and caBundle of the webhooks of this revision. In a
 * remote cluster only if istiod is external and the cluster's system namespace names this one among its control planes.
 */
import { messageOf } from '../../errors/index.ts';
import {
  type ConfigMap,
  Informer,
  isNotFound,
  type KubeObject,
  kinds,
  type Namespace,
  type Queue,
  workQueue,
} from '../../kube/index.ts';
import type { ClusterRegistry } from './registry/cluster-registry.ts';
import type { IstiodSettings } from './settings.ts';

const configMapName = 'istio-ca-root-cert';
const excluded = new Set(['kube-public', 'kube-node-lease', 'local-path-storage']);
const controlPlanesKey = 'topology.istio.io/controlPlaneClusters';

export interface Distribution {
  stop(): Promise<void>;
  /** The root has changed. */
  refresh(): void;
}

export function distributeRoot(
  registry: ClusterRegistry,
  options: { settings: IstiodSettings; isLocal: boolean; rootPem: () => string; log: (line: string) => void },
): Distribution {
  const { settings, isLocal, rootPem, log } = options;
  const { client, namespaces } = registry;
  const configMaps = new Informer<ConfigMap>(client, kinds.ConfigMap, {
    fieldSelector: `metadata.name=${configMapName}`,
  });
  const mutating = new Informer<KubeObject>(client, kinds.MutatingWebhookConfiguration, {
    labelSelector: `istio.io/rev=${settings.revision}`,
  });
  const validating = new Informer<KubeObject>(client, kinds.ValidatingWebhookConfiguration, {
    labelSelector: `istio.io/rev=${settings.revision}`,
  });
  const leads = (): boolean => {
    if (isLocal) return true;
    const named =
      namespaces
        .get(undefined, settings.namespace)
        ?.metadata.annotations?.[controlPlanesKey]?.split(',')
        .map((one) => one.trim()) ?? [];
    return settings.isExternal && (named.includes('*') || named.includes(settings.clusterId));
  };
  const onError = (key: string, error: unknown, attempt: number) =>
    attempt > 1 && log(`${registry.id}: ${key}: ${messageOf(error)}`);
  const queue: Queue = workQueue(
    (key) => (key.startsWith('namespace/') ? writeConfigMap(key.slice(10)) : writeBundle(key)),
    { onError },
  );

  const writeConfigMap = async (namespace: string): Promise<void> => {
    const found = namespaces.get(undefined, namespace);
    if (!found || found.metadata.deletionTimestamp || excluded.has(namespace) || !leads()) return;
    const data = { 'root-cert.pem': rootPem() };
    if (configMaps.get(namespace, configMapName)?.data?.['root-cert.pem'] === data['root-cert.pem']) return;
    const object = { metadata: { name: configMapName, namespace, labels: { 'istio.io/config': 'true' } }, data };
    const known = await client.find<ConfigMap>(kinds.ConfigMap, configMapName, namespace);
    if (known?.data?.['root-cert.pem'] === data['root-cert.pem']) return;
    if (known) await client.replace(kinds.ConfigMap, { ...known, data });
    else await client.create(kinds.ConfigMap, object);
  };

  const writeBundle = async (key: string): Promise<void> => {
    if (!leads()) return;
    const [type, name = ''] = key.split('/');
    const kind = type === 'mutating' ? kinds.MutatingWebhookConfiguration : kinds.ValidatingWebhookConfiguration;
    const found = await client.get(kind, name).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!found) return;
    const caBundle = Buffer.from(rootPem()).toString('base64');
    const ours = (webhook: any): boolean =>
      type === 'validating' || String(webhook.name).endsWith('sidecar-injector.istio.io');
    const webhooks: any[] = found['webhooks'] ?? [];
    if (webhooks.every((webhook) => !ours(webhook) || webhook.clientConfig.caBundle === caBundle)) return;
    const patched = webhooks.map((webhook) =>
      ours(webhook) ? { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } } : webhook,
    );
    await client.replace(kind, { ...found, webhooks: patched }, { fieldManager: 'istiod' });
  };

  const refresh = (): void => {
    for (const namespace of namespaces.list()) queue.add(`namespace/${namespace.metadata.name}`);
    for (const one of mutating.list()) queue.add(`mutating/${one.metadata.name}`);
    if (isLocal) for (const one of validating.list()) queue.add(`validating/${one.metadata.name}`);
  };
  const unsubscribe = namespaces.on(({ object }: { object: Namespace }) =>
    object.metadata.name === settings.namespace ? refresh() : queue.add(`namespace/${object.metadata.name}`),
  );
  configMaps.on(({ type, object }) => type !== 'added' && queue.add(`namespace/${object.metadata.namespace}`));
  mutating.on(({ object }) => queue.add(`mutating/${object.metadata.name}`));
  if (isLocal) validating.on(({ object }) => queue.add(`validating/${object.metadata.name}`));
  for (const informer of [configMaps, mutating, ...(isLocal ? [validating] : [])]) informer.start();
  return {
    refresh,
    async stop() {
      unsubscribe();
      await queue.stop();
      await Promise.all([configMaps, mutating, validating].map((informer) => informer.stop()));
    },
  };
}
