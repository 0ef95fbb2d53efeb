/** What a pod may know of itself: fieldRef and resourceFieldRef. */
import type { Pod } from '../../kube/index.ts';

/** The value of a field path, or undefined where it has none (yet). */
export function fieldValue(pod: Pod, path: string, podIp: string, hostIp: string): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return mapText(pod.metadata.labels);
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec['nodeName'];
    case 'spec.serviceAccountName':
      return pod.spec['serviceAccountName'];
    case 'status.podIP':
    case 'status.podIPs':
      return podIp;
    case 'status.hostIP':
    case 'status.hostIPs':
      return hostIp;
    default:
      return undefined;
  }
}

/** `key="value"` lines, sorted, as the downward API writes maps. */
function mapText(map: Record<string, string> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map![key])}`)
    .join('\n');
}

/** Limits and requests of a container in units of the divisor; without a limit, what the machine has. */
export function resourceValue(pod: Pod, reference: any, machine: { cpus: number; memoryBytes: number }): string {
  const containers = [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])];
  const container = containers.find((one: any) => one.name === reference.containerName) ?? containers[0];
  const [group, name] = String(reference.resource).split('.') as ['limits' | 'requests', string];
  const fallback = name === 'cpu' ? String(machine.cpus) : name === 'memory' ? String(machine.memoryBytes) : '0';
  const text = container?.resources?.[group]?.[name] ?? (group === 'limits' ? fallback : '0');
  const divisor = parseQuantity(reference.divisor && reference.divisor !== '0' ? String(reference.divisor) : '1');
  return String(Math.ceil(parseQuantity(String(text)) / divisor));
}

const suffixes: Record<string, number> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

export function parseQuantity(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(text);
  return match ? Number(match[1]) * (match[2] ? suffixes[match[2]]! : 1) : 0;
}
