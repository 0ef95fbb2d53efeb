/** The nftables rules of Services, computed from the objects: what kube-proxy does in its nftables mode. */
import type { EndpointSlice, Service } from '../../../kube/index.ts';

export interface RulesInput {
  services: Service[];
  slices: EndpointSlice[];
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  serviceCidr: string;
  externalInterface: string;
  externalNetwork: string;
}

interface Target {
  address: string;
  port: number;
}

/** One transaction that replaces the whole table: connections that stand are known to the kernel and go on. */
export function serviceRules(input: RulesInput): string {
  const chains: string[] = [];
  const entries: string[] = [];
  const ownAddresses = new Set<string>();
  for (const service of input.services) {
    const { spec, metadata } = service;
    if (spec['type'] === 'ExternalName' || spec['clusterIP'] === 'None' || !spec['clusterIP']) continue;
    for (const port of spec['ports'] ?? []) {
      const targets = targetsOf(input, service, port);
      for (const { address } of targets) ownAddresses.add(address);
      if (targets.length === 0) continue;
      const protocol = String(port.protocol).toLowerCase();
      const chain = `svc-${metadata.namespace}-${metadata.name}-${protocol}-${port.port}`.replaceAll('.', '_');
      const choices = targets.map(({ address, port: number }, index) => `${index} : ${address} . ${number}`).join(', ');
      chains.push(
        `  chain ${chain} {\n    meta l4proto ${protocol} dnat ip addr . port to numgen random mod ${targets.length} map { ${choices} }\n  }`,
      );
      const external = (service.status?.loadBalancer?.ingress ?? []).map((one) => one.ip).filter(Boolean);
      for (const address of [spec['clusterIP'], ...external, ...(spec['externalIPs'] ?? [])])
        entries.push(`${address} . ${protocol} . ${port.port} : goto ${chain}`);
      if (port.nodePort) entries.push(`${input.nodeAddress} . ${protocol} . ${port.nodePort} : goto ${chain}`);
    }
  }
  const hairpin = [...ownAddresses].map((address) => `${address} . ${address}`);
  return [
    'table ip kube-proxy',
    'delete table ip kube-proxy',
    'table ip kube-proxy {',
    ...chains,
    '  chain services {',
    ...(entries.length > 0 ? [`    ip daddr . meta l4proto . th dport vmap { ${entries.join(', ')} }`] : []),
    '  }',
    // What was not translated has no endpoint: it is refused at once.
    ...['forward', 'output'].map(
      (hook) =>
        `  chain refuse-${hook} {\n    type filter hook ${hook} priority 0; policy accept;\n    ip daddr ${input.serviceCidr} reject\n  }`,
    ),
    '  chain prerouting {\n    type nat hook prerouting priority -100; policy accept;\n    jump services\n  }',
    '  chain output {\n    type nat hook output priority -100; policy accept;\n    jump services\n  }',
    '  chain postrouting {\n    type nat hook postrouting priority 100; policy accept;',
    // A pod that reaches itself by its service must see the answer come from elsewhere.
    ...(hairpin.length > 0 ? [`    ip saddr . ip daddr { ${hairpin.join(', ')} } masquerade`] : []),
    `    oifname "${input.externalInterface}" ip saddr ${input.podCidr} ip daddr ${input.externalNetwork} masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Endpoints for one port: the ready ones, else those that still serve while they end; local ones only where the policy says so. */
export function targetsOf(input: Pick<RulesInput, 'slices' | 'nodeName'>, service: Service, port: any): Target[] {
  const { name, namespace } = service.metadata;
  const local = service.spec['internalTrafficPolicy'] === 'Local';
  const found: (Target & { ready: boolean; serving: boolean })[] = [];
  for (const slice of input.slices) {
    if (
      slice.metadata.namespace !== namespace ||
      slice.metadata.labels?.['kubernetes.io/service-name'] !== name ||
      slice.addressType !== 'IPv4'
    )
      continue;
    const target = (slice.ports ?? []).find(
      (one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === port.protocol,
    );
    if (!target?.port) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (local && endpoint.nodeName !== input.nodeName) continue;
      const { ready = true, serving = ready } = endpoint.conditions ?? {};
      for (const address of endpoint.addresses) found.push({ address, port: target.port, ready, serving });
    }
  }
  const ready = found.filter((one) => one.ready);
  const chosen = ready.length > 0 ? ready : found.filter((one) => one.serving);
  const distinct = new Map(
    chosen.map(({ address, port: number }) => [`${address}:${number}`, { address, port: number }]),
  );
  return [...distinct.values()].sort((a, b) => a.address.localeCompare(b.address));
}
