/** Namespaces that are being deleted: their contents go first, then the namespace. */
import { type Kind, kinds, type Namespace } from '../../kube/index.ts';
import { type Controller, type ControllerContext, keyedQueue } from './controller.ts';

export const namespaces: Controller = {
  name: 'namespace',
  start(context) {
    const queue = keyedQueue(context, 'namespace', async (_, name) => {
      if (await empty(context, name)) return;
      queue.addAfter(`/${name}`, 200);
    });
    context.informer<Namespace>(kinds.Namespace).on(({ type, object }) => {
      if (type !== 'deleted' && object.metadata.deletionTimestamp) queue.add(`/${object.metadata.name}`);
    });
    return queue;
  },
};

/** Deletes what is left; true when the namespace is finished or was never to go. */
async function empty(context: ControllerContext, name: string): Promise<boolean> {
  const namespace = await context.client.find<Namespace>(kinds.Namespace, name);
  if (!namespace?.metadata.deletionTimestamp) return true;
  let left = 0;
  for (const kind of await deletableKinds(context)) {
    const { items } = await context.client.list(kind, { namespace: name });
    left += items.length;
    if (items.some((item) => !item.metadata.deletionTimestamp))
      await context.client.request(
        'DELETE',
        `${kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`}/namespaces/${name}/${kind.plural}`,
      );
  }
  if (left > 0) return false;
  await context.client.request('PUT', `/api/v1/namespaces/${name}/finalize`, {
    body: { ...namespace, apiVersion: 'v1', kind: 'Namespace', spec: { finalizers: [] } },
  });
  return true;
}

/** Namespaced kinds that can be listed and deleted, each in one version. */
export async function deletableKinds(context: Pick<ControllerContext, 'client'>): Promise<Kind[]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const [core, groups] = await Promise.all(
    ['/api', '/apis'].map((path) => context.client.request('GET', path, { accept })),
  );
  return [...core.items, ...groups.items].flatMap((group: any) => {
    const seen = new Set<string>();
    return group.versions.flatMap((version: any) =>
      version.resources
        .filter(
          (one: any) =>
            one.scope === 'Namespaced' &&
            one.verbs.includes('deletecollection') &&
            one.verbs.includes('list') &&
            !seen.has(one.resource),
        )
        .map((one: any): Kind => {
          seen.add(one.resource);
          return {
            group: group.metadata.name ?? '',
            version: version.version,
            kind: one.responseKind.kind,
            plural: one.resource,
            namespaced: true,
          };
        }),
    );
  });
}
