/** By what a request is bound to one endpoint: the consistent hash of the DestinationRule of the service that it goes to. */
import type { KubeObject } from '../../../kube/index.ts';
import { seconds } from './durations.ts';

/** For a service without a VirtualService: the rule's, or that of the port. */
export function hashOfService(rule: KubeObject | undefined, port: number): any {
  const policy = rule?.['spec']?.trafficPolicy;
  return ofPort(policy, port) ?? policy?.loadBalancer?.consistentHash;
}

/** For a destination of a rule: the nearest of subset and port decides. */
export function hashOfDestination(rule: KubeObject | undefined, { subset = '', port }: any): any {
  const policy = rule?.['spec']?.trafficPolicy;
  const part = (rule?.['spec']?.subsets ?? []).find((one: any) => one.name === subset)?.trafficPolicy;
  return (
    ofPort(part, port?.number) ??
    part?.loadBalancer?.consistentHash ??
    ofPort(policy, port?.number) ??
    policy?.loadBalancer?.consistentHash
  );
}

const ofPort = (policy: any, port: number | undefined): any =>
  (policy?.portLevelSettings ?? []).find((one: any) => one.port?.number === port)?.loadBalancer?.consistentHash;

/** Envoy's hash policies; none for a hash that names no key. */
export function hashPolicies(hash: any): any[] {
  if (!hash) return [];
  if (hash.httpHeaderName) return [{ header: { header_name: hash.httpHeaderName } }];
  if (hash.httpQueryParameterName) return [{ query_parameter: { name: hash.httpQueryParameterName } }];
  if (hash.useSourceIp !== undefined) return [{ connection_properties: { source_ip: hash.useSourceIp } }];
  if (!hash.httpCookie) return [];
  const { name, path, ttl, attributes = [] } = hash.httpCookie;
  return [
    {
      cookie: {
        name,
        ...(seconds(ttl) ? { ttl: seconds(ttl) } : {}),
        ...(path ? { path } : {}),
        ...(attributes.length > 0 ? { attributes } : {}),
      },
    },
  ];
}
