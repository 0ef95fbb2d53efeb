/** EndpointSlices of Services with a selector, and the older Endpoints beside them. On the path of every change of a backend: no waits. */
import { type EndpointSlice, type KubeObject, kinds, type Pod, type Service } from '../../kube/index.ts';
import { type Controller, type ControllerContext, isPodReady, isTerminal, keyedQueue, keyOf } from './controller.ts';

const managedBy = 'endpointslice-controller.k8s.io';

export const endpointSlices: Controller = {
  name: 'endpointslice',
  start(context) {
    const queue = keyedQueue(context, 'endpointslice', (namespace, name) => reconcile(context, namespace, name));
    const services = context.informer<Service>(kinds.Service);
    services.on(({ object }) => queue.add(keyOf(object)));
    context.informer<Pod>(kinds.Pod).on(({ object, old }) => {
      for (const service of services.list(object.metadata.namespace))
        if (selects(service, object) || (old && selects(service, old))) queue.add(keyOf(service));
    });
    context.informer<EndpointSlice>(kinds.EndpointSlice).on(({ type, object }) => {
      const name = object.metadata.labels?.['kubernetes.io/service-name'];
      if (
        type === 'deleted' &&
        name &&
        object.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedBy
      )
        queue.add(`${object.metadata.namespace}/${name}`);
    });
    return queue;
  },
};

function selects(service: Service, pod: KubeObject): boolean {
  const selector = service.spec['selector'];
  if (!selector || Object.keys(selector).length === 0) return false;
  const labels = pod.metadata.labels ?? {};
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const service = context.informer<Service>(kinds.Service).get(namespace, name);
  const slices = context.informer<EndpointSlice>(kinds.EndpointSlice);
  const mine = slices
    .list(namespace)
    .filter(
      (slice) =>
        slice.metadata.labels?.['kubernetes.io/service-name'] === name &&
        slice.metadata.labels['endpointslice.kubernetes.io/managed-by'] === managedBy,
    );
  if (!service?.spec['selector'] || service.spec['type'] === 'ExternalName') {
    for (const slice of mine)
      await context.client.delete(kinds.EndpointSlice, slice.metadata.name!, namespace).catch(() => {});
    return;
  }
  const pods = context
    .informer<Pod>(kinds.Pod)
    .list(namespace)
    .filter((pod) => selects(service, pod));
  const wanted = slicesFor(service, pods);
  const left = [...mine];
  for (const slice of wanted) {
    const at = left.findIndex((one) => JSON.stringify(one.ports ?? []) === JSON.stringify(slice.ports ?? []));
    const known = at === -1 ? undefined : left.splice(at, 1)[0];
    if (!known) await context.client.create(kinds.EndpointSlice, slice);
    else if (
      JSON.stringify(known.endpoints ?? []) !== JSON.stringify(slice.endpoints) ||
      JSON.stringify(known.metadata.labels) !== JSON.stringify(slice.metadata.labels)
    )
      await context.client.replace(kinds.EndpointSlice, {
        ...known,
        metadata: { ...known.metadata, labels: slice.metadata.labels! },
        endpoints: slice.endpoints,
      });
  }
  for (const slice of left)
    await context.client.delete(kinds.EndpointSlice, slice.metadata.name!, namespace).catch(() => {});
  await writeEndpoints(context, service, wanted);
}

/** The slices of a service: one per distinct set of target ports, since a named port may differ between pods. */
export function slicesFor(service: Service, pods: Pod[]): EndpointSlice[] {
  const { name, namespace, uid } = service.metadata;
  const groups = new Map<string, { ports: any[]; endpoints: any[] }>();
  const empty = portsFor(service, undefined);
  for (const pod of [...pods].sort((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''))) {
    const address = pod['status']?.podIP;
    if (!address || isTerminal(pod)) continue;
    const ports = portsFor(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const serving = isPodReady(pod);
    const hostname = pod.spec['hostname'] && pod.spec['subdomain'] === name ? { hostname: pod.spec['hostname'] } : {};
    group.endpoints.push({
      addresses: [address],
      conditions: {
        ready: service.spec['publishNotReadyAddresses'] === true || (serving && !terminating),
        serving,
        terminating,
      },
      ...hostname,
      targetRef: { kind: 'Pod', namespace, name: pod.metadata.name, uid: pod.metadata.uid },
      nodeName: pod.spec['nodeName'],
    });
  }
  if (groups.size === 0) groups.set('', { ports: empty, endpoints: [] });
  const headless = service.spec['clusterIP'] === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  return [...groups.values()].map(({ ports, endpoints }) => ({
    metadata: {
      generateName: `${name}-`,
      namespace: namespace!,
      labels: {
        ...service.metadata.labels,
        'endpointslice.kubernetes.io/managed-by': managedBy,
        'kubernetes.io/service-name': name!,
        ...headless,
      },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Service', name: name!, uid: uid!, controller: true, blockOwnerDeletion: true },
      ],
    },
    addressType: 'IPv4' as const,
    endpoints,
    ports,
  }));
}

function portsFor(service: Service, pod: Pod | undefined): any[] {
  return (service.spec['ports'] ?? []).flatMap((port: any) => {
    const target = port.targetPort ?? port.port;
    const number = typeof target === 'number' ? target : pod && namedPort(pod, target, port.protocol);
    if (number === undefined) return [];
    return [
      {
        name: port.name ?? '',
        port: number,
        protocol: port.protocol,
        ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
      },
    ];
  });
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  const sidecars = (pod.spec['initContainers'] ?? []).filter((one: any) => one.restartPolicy === 'Always');
  for (const container of [...(pod.spec['containers'] ?? []), ...sidecars])
    for (const port of container.ports ?? [])
      if (port.name === name && (port.protocol ?? 'TCP') === protocol) return port.containerPort;
  return undefined;
}

async function writeEndpoints(context: ControllerContext, service: Service, slices: EndpointSlice[]): Promise<void> {
  const subsets = slices
    .map((slice) => {
      const address = (endpoint: any) => ({
        ip: endpoint.addresses[0],
        nodeName: endpoint.nodeName,
        targetRef: endpoint.targetRef,
      });
      const ready = slice.endpoints.filter((one) => one.conditions?.ready).map(address);
      const notReady = slice.endpoints
        .filter((one) => !one.conditions?.ready && !one.conditions?.terminating)
        .map(address);
      const ports = (slice.ports ?? []).map(({ name, ...port }) => (name ? { name, ...port } : port));
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ports,
      };
    })
    .filter((subset) => subset.addresses || subset.notReadyAddresses);
  const { name, namespace } = service.metadata;
  const known = await context.client.find(kinds.Endpoints, name!, namespace);
  if (known && JSON.stringify(known['subsets'] ?? []) === JSON.stringify(subsets)) return;
  const object = {
    metadata: {
      name: name!,
      namespace: namespace!,
      labels: { ...service.metadata.labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
    },
    subsets,
  };
  if (known)
    await context.client.replace(kinds.Endpoints, {
      ...known,
      ...object,
      metadata: { ...known.metadata, labels: object.metadata.labels },
    });
  else await context.client.create(kinds.Endpoints, object);
}
