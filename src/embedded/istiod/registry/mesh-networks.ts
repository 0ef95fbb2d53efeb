/** MeshNetworks: the older way to say which endpoints are on which network and how it is entered; labels go before it (Istio's rules). */
import { parse } from 'yaml';
import type { NetworkGateway } from '../model.ts';

export interface MeshNetwork {
  /** IDs of clusters whose endpoints are on it. */
  registries: string[];
  ranges: string[];
  gateways: { address?: string; registryServiceName?: string; port: number }[];
}

export type MeshNetworks = ReadonlyMap<string, MeshNetwork>;

/** @throws Error when the text is no YAML mapping. */
export function parseMeshNetworks(text: string): MeshNetworks {
  const raw = parse(text) ?? {};
  if (typeof raw !== 'object') throw new Error('the mesh networks are not a mapping');
  return new Map(
    Object.entries<any>(raw.networks ?? {}).map(([name, { endpoints = [], gateways = [] }]) => [
      name,
      {
        registries: endpoints.map((one: any) => one.fromRegistry).filter(Boolean),
        ranges: endpoints.map((one: any) => one.fromCidr).filter(Boolean),
        gateways,
      },
    ]),
  );
}

/** The network of an address in a cluster by this configuration: ranges first, then the whole cluster's; empty for none. */
export function networkOf(networks: MeshNetworks, clusterId: string, address: string): string {
  for (const [name, { ranges }] of networks) if (ranges.some((range) => contains(range, address))) return name;
  for (const [name, { registries }] of networks) if (registries.includes(clusterId)) return name;
  return '';
}

/** Gateways that are stated by their address: no cluster is known of them. */
export function statedGateways(networks: MeshNetworks): NetworkGateway[] {
  return [...networks].flatMap(([network, { gateways }]) =>
    gateways.flatMap(({ address, port }) => (address ? [{ network, clusterId: '', address, port }] : [])),
  );
}

/** Whether an IPv4 range in CIDR notation holds the address. */
export function contains(range: string, address: string): boolean {
  const [base = '', bits = '32'] = range.split('/');
  const mask = Number(bits) === 0 ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  const [a, b] = [numberOf(base), numberOf(address)];
  return a !== undefined && b !== undefined && (a & mask) >>> 0 === (b & mask) >>> 0;
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((one) => !(one >= 0 && one <= 255))) return undefined;
  return parts.reduce((sum, one) => sum * 256 + one, 0);
}
