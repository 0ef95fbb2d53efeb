/** The two files by which a pod resolves names. */
import { readFileSync } from 'node:fs';
import type { Pod } from '../../kube/index.ts';
import { hostnameOf } from './pod-context.ts';

export function hostsFile(pod: Pod, ip: string, clusterDomain: string): string {
  const { hostname = pod.metadata.name, subdomain, hostAliases = [] } = pod.spec as any;
  const fqdn = subdomain ? `${hostname}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain} ` : '';
  const aliases = hostAliases.map((one: any) => `${one.ip}\t${one.hostnames.join('\t')}\n`).join('');
  return `127.0.0.1\tlocalhost\n${ip}\t${fqdn}${hostnameOf(pod)}\n${aliases}`;
}

/** By dnsPolicy and dnsConfig. A pod on the node's network uses the node's resolver unless it says ClusterFirstWithHostNet. */
export function resolvConf(
  pod: Pod,
  { clusterDns, clusterDomain }: { clusterDns: string; clusterDomain: string },
): string {
  const { dnsPolicy, dnsConfig = {}, hostNetwork } = pod.spec as any;
  const policy = hostNetwork && dnsPolicy === 'ClusterFirst' ? 'Default' : dnsPolicy;
  const base = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  if (policy === 'Default') Object.assign(base, parse(nodeFile()));
  else if (policy !== 'None') {
    base.servers = [clusterDns];
    base.search = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
    base.options = ['ndots:5'];
  }
  const options = (dnsConfig.options ?? []).map((one: any) =>
    one.value === undefined ? one.name : `${one.name}:${one.value}`,
  );
  const search = [...base.search, ...(dnsConfig.searches ?? [])];
  const allOptions = [...base.options, ...options];
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...[...base.servers, ...(dnsConfig.nameservers ?? [])].map((one) => `nameserver ${one}`),
    ...(allOptions.length > 0 ? [`options ${allOptions.join(' ')}`] : []),
    '',
  ].join('\n');
}

function nodeFile(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}

function parse(text: string): { servers: string[]; search: string[]; options: string[] } {
  const words = (key: string): string[] =>
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === key)
      .flatMap(([, ...rest]) => rest);
  return { servers: words('nameserver'), search: words('search'), options: words('options') };
}
