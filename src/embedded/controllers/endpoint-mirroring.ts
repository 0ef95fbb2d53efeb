/** EndpointSlices for Endpoints that somebody wrote by hand, beside a Service without a selector: what routes by slices knows them too. */
import { type EndpointSlice, type KubeObject, kinds, type Service } from '../../kube/index.ts';
import { type Controller, type ControllerContext, controlledBy, isEqual, keyedQueue, keyOf } from './controller.ts';

const managedBy = 'endpointslicemirroring-controller.k8s.io';
const managerLabel = 'endpointslice.kubernetes.io/managed-by';
const serviceLabel = 'kubernetes.io/service-name';

export const endpointMirroring: Controller = {
  name: 'endpointslicemirroring',
  start(context) {
    const queue = keyedQueue(context, 'endpointslicemirroring', (namespace, name) =>
      reconcile(context, namespace, name),
    );
    context.informer(kinds.Endpoints).on(({ object }) => queue.add(keyOf(object)));
    context.informer(kinds.Service).on(({ object }) => queue.add(keyOf(object)));
    return queue;
  },
};

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const service = context.informer<Service>(kinds.Service).get(namespace, name);
  const endpoints = context.informer(kinds.Endpoints).get(namespace, name);
  const left = context
    .informer<EndpointSlice>(kinds.EndpointSlice)
    .list(namespace)
    .filter(({ metadata: { labels } }) => labels?.[serviceLabel] === name && labels[managerLabel] === managedBy);
  const wanted = service && endpoints && isMirrored(service, endpoints) ? slicesFor(endpoints) : [];
  for (const slice of wanted) {
    const at = left.findIndex((one) => isEqual(one.ports ?? [], slice.ports));
    const known = at === -1 ? undefined : left.splice(at, 1)[0];
    if (!known) await context.client.create(kinds.EndpointSlice, slice);
    else if (!isEqual(known.endpoints ?? [], slice.endpoints))
      await context.client.replace(kinds.EndpointSlice, { ...known, endpoints: slice.endpoints });
  }
  for (const { metadata } of left)
    await context.client.delete(kinds.EndpointSlice, metadata.name!, namespace).catch(() => {});
}

function isMirrored(service: Service, endpoints: KubeObject): boolean {
  const { labels = {}, annotations = {} } = endpoints.metadata;
  return (
    !service.spec['selector'] &&
    labels['endpointslice.kubernetes.io/skip-mirror'] !== 'true' &&
    annotations['control-plane.alpha.kubernetes.io/leader'] === undefined
  );
}

/** One slice for each subset: a subset is what has the same ports. */
export function slicesFor(endpoints: KubeObject): EndpointSlice[] {
  const { name = '', namespace, labels } = endpoints.metadata;
  return (endpoints['subsets'] ?? []).map((subset: any): EndpointSlice => {
    const entry = (ready: boolean) => (address: any) => ({
      addresses: [address.ip],
      conditions: { ready },
      ...(address.hostname ? { hostname: address.hostname } : {}),
      ...(address.nodeName ? { nodeName: address.nodeName } : {}),
      ...(address.targetRef ? { targetRef: address.targetRef } : {}),
    });
    return {
      metadata: {
        generateName: `${name}-`,
        namespace: namespace!,
        labels: { ...labels, [serviceLabel]: name, [managerLabel]: managedBy },
        ownerReferences: [controlledBy(kinds.Endpoints, endpoints)],
      },
      addressType: 'IPv4',
      endpoints: [...(subset.addresses ?? []).map(entry(true)), ...(subset.notReadyAddresses ?? []).map(entry(false))],
      ports: (subset.ports ?? []).map((port: any) => ({ name: '', protocol: 'TCP', ...port })),
    };
  });
}
