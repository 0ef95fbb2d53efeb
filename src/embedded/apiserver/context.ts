/** What handlers of one API server share. */
import type { ClusterAddresses } from './cluster-addresses.ts';
import type { User } from './rbac.ts';
import type { ResourceCatalogue } from './resources.ts';
import type { Storage } from './storage.ts';
import type { TokenIssuer } from './tokens.ts';

export interface ServerContext {
  clusterName: string;
  storage: Storage;
  resources: ResourceCatalogue;
  tokens: TokenIssuer;
  addresses: ClusterAddresses;
  /** Identity with which kubelets are called. */
  kubeletClient: { certPem: string; keyPem: string; caPem: string };
  log: (line: string) => void;
  /** Ends when the server stops. */
  signal: AbortSignal;
}

export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | string[] | undefined>;
  user: User;
  /** Reads and parses the body, JSON or YAML. */
  body: () => Promise<unknown>;
  /** Body bytes as they came. */
  rawBody: () => Promise<Buffer>;
}

/** The field manager of a write that names none: the client's program, as Kubernetes takes it from the user agent. */
export function fieldManagerOf(request: ApiRequest): string {
  const named = request.query.get('fieldManager');
  if (named) return named;
  const agent = String(request.headers['user-agent'] ?? 'unknown');
  return agent.split('/')[0]!.slice(0, 128) || 'unknown';
}

export const isDryRun = (request: ApiRequest): boolean => request.query.getAll('dryRun').includes('All');

/** Now, as object times are written. */
export const timestamp = (date: Date = new Date()): string => `${date.toISOString().slice(0, 19)}Z`;
export const microTimestamp = (date: Date = new Date()): string => date.toISOString().replace('Z', '000Z');
