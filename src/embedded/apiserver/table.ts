/** The server-side tables of `kubectl get`: columns and cells as Kubernetes' printers make them. */
import type { KubeObject } from '../../kube/index.ts';
import { podCells } from './pod-cells.ts';
import { storagePrinters } from './printers-storage.ts';
import { workloadPrinters } from './printers-workloads.ts';
import type { Resource } from './resources.ts';
import { age, type Cell, labelsText, orNone, type Printer, since } from './table-cells.ts';

interface Column {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
}

/** An object of which only the metadata is asked for. */
export function metadataOf(object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** @param isWhole a list's; a watch sends one row at a time, and says the columns with the first only */
export function tableOf(
  resource: Resource,
  includeObject: string | null,
  objects: KubeObject[],
  isWhole = true,
  withColumns = true,
) {
  const printer = printerOf(resource);
  const columnDefinitions: Column[] = printer.columns.map(([name, wide]) => ({
    name,
    type: 'string',
    format: name === 'Name' ? 'name' : '',
    description: '',
    priority: wide ? 1 : 0,
  }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    ...(isWhole ? {} : { metadata: { resourceVersion: objects[0]?.metadata.resourceVersion ?? '' } }),
    columnDefinitions: withColumns ? columnDefinitions : null,
    rows: tableRows(printer, includeObject, objects),
  };
}

export function tableRows(printer: Printer, includeObject: string | null, objects: KubeObject[]) {
  return objects.map((object) => ({
    cells: printer.cells(object),
    object: includeObject === 'None' ? null : includeObject === 'Object' ? object : metadataOf(object),
  }));
}

function printerOf(resource: Resource): Printer {
  if (resource.custom) return customPrinter(resource);
  return (
    printers[`${resource.group}/${resource.plural}`] ?? {
      columns: [['Name'], ['Age']],
      cells: (object) => [object.metadata.name, age(object)],
    }
  );
}

function customPrinter(resource: Resource): Printer {
  const extra: any[] = resource.custom?.version.additionalPrinterColumns ?? [
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  return {
    columns: [['Name'], ...extra.map((column): [string, boolean] => [column.name, (column.priority ?? 0) > 0])],
    cells: (object) => [
      object.metadata.name,
      ...extra.map((column): Cell => {
        const found = at(object, column.jsonPath);
        // Of several values that a path finds the first is shown; a list that is one value, whole.
        const value = column.jsonPath.includes('[*]') && Array.isArray(found) ? found[0] : found;
        if (value === undefined || value === null) return column.type === 'date' ? '<unknown>' : '';
        if (column.type === 'date') return since(String(value));
        return typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
      }),
    ],
  };
}

/** The simple JSONPath of printer columns: fields, indices, one filter by equality. */
function at(object: unknown, path: string): unknown {
  const parts =
    path.match(/\.[\w-]+|\.\w+\\\.[^.[]+|\[\d+\]|\[\*\]|\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]|\['[^']+'\]/g) ?? [];
  return parts.reduce<any>((value, part) => {
    if (value === undefined || value === null) return undefined;
    const filter = /^\[\?\(@\.(\w+)\s*==\s*["']([^"']*)["']\)\]$/.exec(part);
    if (filter)
      return Array.isArray(value) ? value.find((item) => String(item?.[filter[1]!]) === filter[2]) : undefined;
    if (part === '[*]') return value;
    if (part.startsWith("['")) return value[part.slice(2, -2)];
    if (part.startsWith('[')) return value[Number(part.slice(1, -1))];
    return Array.isArray(value)
      ? value.map((item) => item?.[part.slice(1)])
      : value[part.slice(1).replaceAll('\\.', '.')];
  }, object);
}

function servicePorts(service: any): string {
  return orNone(
    (service.spec.ports ?? [])
      .map((port: any) =>
        port.nodePort ? `${port.port}:${port.nodePort}/${port.protocol}` : `${port.port}/${port.protocol}`,
      )
      .join(','),
  );
}

function externalAddress(service: any): string {
  const { spec, status } = service;
  if (spec.type === 'ExternalName') return spec.externalName;
  const given = (status?.loadBalancer?.ingress ?? []).map((one: any) => one.ip ?? one.hostname);
  const all = [...given, ...(spec.externalIPs ?? [])];
  if (spec.type === 'LoadBalancer') return all.join(',') || '<pending>';
  return orNone((spec.externalIPs ?? []).join(','));
}

function eventObject(event: any): string {
  const { kind = '', name = '' } = event.involvedObject ?? {};
  return `${kind.toLowerCase()}/${name}`;
}

const printers: Record<string, Printer> = {
  ...workloadPrinters,
  ...storagePrinters,
  '/pods': {
    columns: [
      ['Name'],
      ['Ready'],
      ['Status'],
      ['Restarts'],
      ['Age'],
      ['IP', true],
      ['Node', true],
      ['Nominated Node', true],
      ['Readiness Gates', true],
    ],
    cells: (pod) => {
      const { ready, status, restarts } = podCells(pod);
      return [
        pod.metadata.name,
        ready,
        status,
        restarts,
        age(pod),
        orNone(pod.status?.podIP),
        orNone(pod.spec?.nodeName),
        '<none>',
        '<none>',
      ];
    },
  },
  '/services': {
    columns: [['Name'], ['Type'], ['Cluster-IP'], ['External-IP'], ['Port(s)'], ['Age'], ['Selector', true]],
    cells: (one) => [
      one.metadata.name,
      one.spec.type,
      one.spec.clusterIP ?? '<none>',
      externalAddress(one),
      servicePorts(one),
      age(one),
      labelsText(one.spec.selector),
    ],
  },
  '/nodes': {
    columns: [
      ['Name'],
      ['Status'],
      ['Roles'],
      ['Age'],
      ['Version'],
      ['Internal-IP', true],
      ['External-IP', true],
      ['OS-Image', true],
      ['Kernel-Version', true],
      ['Container-Runtime', true],
    ],
    cells: (node) => {
      const ready = (node.status?.conditions ?? []).find((one: any) => one.type === 'Ready');
      const state = ready?.status === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown';
      const roles = Object.keys(node.metadata.labels ?? {})
        .filter((key) => key.startsWith('node-role.kubernetes.io/'))
        .map((key) => key.split('/')[1]);
      const address = (type: string) =>
        orNone((node.status?.addresses ?? []).find((one: any) => one.type === type)?.address);
      const facts = node.status?.nodeInfo ?? {};
      return [
        node.metadata.name,
        node.spec?.unschedulable ? `${state},SchedulingDisabled` : state,
        orNone(roles.join(',')),
        age(node),
        facts.kubeletVersion ?? '',
        address('InternalIP'),
        address('ExternalIP'),
        facts.osImage ?? '<unknown>',
        facts.kernelVersion ?? '<unknown>',
        facts.containerRuntimeVersion ?? '<unknown>',
      ];
    },
  },
  '/namespaces': {
    columns: [['Name'], ['Status'], ['Age']],
    cells: (one) => [one.metadata.name, one.status?.phase ?? '', age(one)],
  },
  '/secrets': {
    columns: [['Name'], ['Type'], ['Data'], ['Age']],
    cells: (one) => [one.metadata.name, one.type ?? '', Object.keys(one.data ?? {}).length, age(one)],
  },
  '/configmaps': {
    columns: [['Name'], ['Data'], ['Age']],
    cells: (one) => [
      one.metadata.name,
      Object.keys(one.data ?? {}).length + Object.keys(one.binaryData ?? {}).length,
      age(one),
    ],
  },
  '/serviceaccounts': {
    columns: [['Name'], ['Secrets'], ['Age']],
    cells: (one) => [one.metadata.name, (one.secrets ?? []).length, age(one)],
  },
  '/endpoints': {
    columns: [['Name'], ['Endpoints'], ['Age']],
    cells: (one) => {
      const all = (one.subsets ?? []).flatMap((subset: any) =>
        (subset.addresses ?? []).flatMap((address: any) =>
          (subset.ports ?? []).map((port: any) => `${address.ip}:${port.port}`),
        ),
      );
      const shown = all.slice(0, 3).join(',');
      return [one.metadata.name, orNone(all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown), age(one)];
    },
  },
  'discovery.k8s.io/endpointslices': {
    columns: [['Name'], ['AddressType'], ['Ports'], ['Endpoints'], ['Age']],
    cells: (one) => {
      const addresses = (one.endpoints ?? []).flatMap((endpoint: any) => endpoint.addresses ?? []);
      const shown = addresses.slice(0, 3).join(',');
      return [
        one.metadata.name,
        one.addressType,
        one.ports?.length ? one.ports.map((port: any) => port.port).join(',') : '<unset>',
        addresses.length === 0
          ? '<unset>'
          : addresses.length > 3
            ? `${shown} + ${addresses.length - 3} more...`
            : shown,
        age(one),
      ];
    },
  },
  '/events': {
    columns: [
      ['Last Seen'],
      ['Type'],
      ['Reason'],
      ['Object'],
      ['Subobject', true],
      ['Source', true],
      ['Message'],
      ['First Seen', true],
      ['Count', true],
      ['Name', true],
    ],
    cells: (event) => [
      since(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp),
      event.type ?? '',
      event.reason ?? '',
      eventObject(event),
      event.involvedObject?.fieldPath ?? '',
      [event.source?.component ?? event.reportingComponent, event.source?.host].filter(Boolean).join(', '),
      String(event.message ?? '').trim(),
      since(event.firstTimestamp ?? event.eventTime),
      event.series?.count ?? event.count ?? 1,
      event.metadata.name,
    ],
  },
  'apiextensions.k8s.io/customresourcedefinitions': {
    columns: [['Name'], ['Created At']],
    cells: (one) => [one.metadata.name, one.metadata.creationTimestamp ?? ''],
  },
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': {
    columns: [['Name'], ['Webhooks'], ['Age']],
    cells: (one) => [one.metadata.name, (one.webhooks ?? []).length, age(one)],
  },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': {
    columns: [['Name'], ['Webhooks'], ['Age']],
    cells: (one) => [one.metadata.name, (one.webhooks ?? []).length, age(one)],
  },
  'rbac.authorization.k8s.io/roles': {
    columns: [['Name'], ['Created At']],
    cells: (one) => [one.metadata.name, one.metadata.creationTimestamp ?? ''],
  },
  'rbac.authorization.k8s.io/clusterroles': {
    columns: [['Name'], ['Created At']],
    cells: (one) => [one.metadata.name, one.metadata.creationTimestamp ?? ''],
  },
  'rbac.authorization.k8s.io/rolebindings': {
    columns: [['Name'], ['Role'], ['Age']],
    cells: (one) => [one.metadata.name, `${one.roleRef?.kind}/${one.roleRef?.name}`, age(one)],
  },
  'rbac.authorization.k8s.io/clusterrolebindings': {
    columns: [['Name'], ['Role'], ['Age']],
    cells: (one) => [one.metadata.name, `${one.roleRef?.kind}/${one.roleRef?.name}`, age(one)],
  },
  'coordination.k8s.io/leases': {
    columns: [['Name'], ['Holder'], ['Age']],
    cells: (one) => [one.metadata.name, one.spec?.holderIdentity ?? '', age(one)],
  },
};
