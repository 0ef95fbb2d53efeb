/**
 * An API server of our own whose objects come to be as they should be by themselves: what controllers, kubelet and istiod would write is
 * written here, at once and without running anything. For tests of what is put into clusters and waited for.
 */
import { Informer, type Kind, type KubeObject, kinds, type Service } from '../../src/kube/index.ts';
import { startTestApiServer, type TestApiServer } from './api-server.ts';

export interface ImitatedCluster extends TestApiServer {
  name: string;
  /** Kinds that are left as they are from now on, as when their controller is broken. */
  neglect: Set<string>;
}

export async function startImitatedCluster(options: { folder: string; name: string }): Promise<ImitatedCluster> {
  const server = await startTestApiServer(options);
  const { client } = server;
  const neglect = new Set<string>();
  const informers: Informer[] = [];
  const pending = new Set<Promise<unknown>>();
  let address = 20;
  const settle = (kind: Kind, write: (object: any) => Promise<unknown> | undefined): void => {
    const informer = new Informer<KubeObject>(client, kind);
    informer.on(({ type, object }) => {
      if (type === 'deleted' || neglect.has(kind.kind)) return;
      // An object that has changed since comes again by the watch.
      const work = Promise.resolve(write(object)).catch(() => {});
      pending.add(work);
      void work.finally(() => pending.delete(work));
    });
    informers.push(informer.start());
  };
  const status = (kind: Kind, { metadata }: KubeObject, value: unknown) =>
    client.patch(
      kind,
      metadata.name ?? '',
      metadata.namespace,
      { status: value },
      { type: 'merge', subresource: 'status' },
    );

  settle(kinds.Deployment, (object) => {
    const { generation } = object.metadata;
    if (object.status?.observedGeneration === generation) return;
    const replicas = object.spec.replicas ?? 1;
    return status(kinds.Deployment, object, {
      observedGeneration: generation,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
    });
  });
  settle(kinds.Service, (object: Service) => {
    if (object.spec['type'] !== 'LoadBalancer' || object.status?.loadBalancer?.ingress) return;
    return status(kinds.Service, object, { loadBalancer: { ingress: [{ ip: `192.168.49.${address++}` }] } });
  });
  settle(kinds.Secret, ({ metadata, type, data }) => {
    if (type !== 'kubernetes.io/service-account-token' || data?.token) return;
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    const filled = { data: { token: encoded('a-token'), 'ca.crt': encoded(server.ca.certPem) } };
    return client.patch(kinds.Secret, metadata.name, metadata.namespace, filled, { type: 'merge' });
  });
  settle(kinds.MutatingWebhookConfiguration, ({ metadata, webhooks }) => {
    if (webhooks.every((one: any) => one.clientConfig.caBundle)) return;
    const caBundle = Buffer.from(server.ca.certPem).toString('base64');
    const patch = webhooks.map((_: unknown, index: number) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: caBundle,
    }));
    return client.patch(kinds.MutatingWebhookConfiguration, metadata.name, undefined, patch, { type: 'json' });
  });
  settle(kinds.Namespace, (namespace) => {
    const { metadata } = namespace;
    if (metadata.deletionTimestamp) {
      const body = { ...namespace, apiVersion: 'v1', kind: 'Namespace', spec: { finalizers: [] } };
      return client.request('PUT', `/api/v1/namespaces/${metadata.name}/finalize`, { body });
    }
    if (metadata.name !== 'istio-system') return undefined;
    const data = { 'root-cert.pem': server.ca.certPem };
    return client.create(kinds.ConfigMap, { metadata: { name: 'istio-ca-root-cert', namespace: metadata.name }, data });
  });
  await Promise.all(informers.map((informer) => informer.synced));
  return {
    ...server,
    name: options.name,
    neglect,
    async stop() {
      await Promise.all(informers.map((informer) => informer.stop()));
      await Promise.all(pending);
      await server.stop();
    },
  };
}
