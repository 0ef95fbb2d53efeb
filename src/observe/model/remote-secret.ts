/**
 * The Secrets by which an istiod reads other clusters. What is kept of them is what may be shown; the token is kept apart, reachable by
 * the object alone, so that no answer that is made of the object can hold it.
 */
import { parse } from 'yaml';
import type { KubeConnection, KubeObject, Secret } from '../../kube/index.ts';

export interface RemoteTarget {
  /** Key of the Secret's data: the cluster's name for istiod. */
  cluster: string;
  server?: string;
  /** Names in the kubeconfig, to be compared with the key. */
  kubeconfigCluster?: string;
  tokenExpires?: string;
  hasToken: boolean;
  fault?: string;
}

export interface RemoteSecret extends KubeObject {
  targets: RemoteTarget[];
}

const tokens = new WeakMap<RemoteTarget, string>();

/** The token of a target, for asking that cluster whether it is still good. Never to be part of an answer. */
export const tokenOf = (target: RemoteTarget): string | undefined => tokens.get(target);

const connections = new WeakMap<RemoteTarget, KubeConnection>();

/**
 * By which the cluster could be read; undefined where the kubeconfig does not hold all of it inside: it was written by somebody else, so that no
 * program is run and no file is read for it, no server goes unverified, and none of this machine is asked.
 */
export const connectionOf = (target: RemoteTarget): KubeConnection | undefined => connections.get(target);

export function toRemoteSecret(secret: Secret): RemoteSecret {
  const { data = {}, stringData: _, ...rest } = secret;
  return {
    ...rest,
    targets: Object.entries(data as Record<string, string>).map(([cluster, encoded]) => readTarget(cluster, encoded)),
  };
}

function readTarget(cluster: string, encoded: string): RemoteTarget {
  let kubeconfig: any;
  try {
    kubeconfig = parse(Buffer.from(encoded, 'base64').toString('utf8'));
  } catch {
    // A parser's message may quote what it read.
    return { cluster, hasToken: false, fault: 'its kubeconfig cannot be read' };
  }
  const server = kubeconfig?.clusters?.[0]?.cluster?.server;
  const token = kubeconfig?.users?.[0]?.user?.token;
  if (typeof server !== 'string') return { cluster, hasToken: false, fault: 'its kubeconfig names no server' };
  const expires = typeof token === 'string' ? expiryOf(token) : undefined;
  const target: RemoteTarget = {
    cluster,
    server: withoutCredentials(server),
    hasToken: typeof token === 'string',
    ...(kubeconfig.clusters[0].name ? { kubeconfigCluster: String(kubeconfig.clusters[0].name) } : {}),
    ...(expires ? { tokenExpires: expires } : {}),
  };
  if (typeof token === 'string') tokens.set(target, token);
  const connection = readConnection(kubeconfig, cluster);
  if (connection) connections.set(target, connection);
  return target;
}

function readConnection(kubeconfig: any, name: string): KubeConnection | undefined {
  const { cluster = {} } = kubeconfig.clusters[0];
  const { user = {} } = kubeconfig.users?.[0] ?? {};
  const text = (encoded: unknown): string | undefined =>
    typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
  const ca = text(cluster['certificate-authority-data']);
  const [clientCert, clientKey] = [user['client-certificate-data'], user['client-key-data']].map(text);
  const token = typeof user.token === 'string' ? user.token : undefined;
  let url: URL;
  try {
    url = new URL(cluster.server);
  } catch {
    return undefined;
  }
  const isHere = /^(localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(url.hostname);
  if (url.protocol !== 'https:' || isHere || !ca || !(token || (clientCert && clientKey))) return undefined;
  const tlsServerName = cluster['tls-server-name'];
  return {
    name,
    server: withoutCredentials(cluster.server),
    ca,
    ...(token ? { token } : { clientCert: clientCert!, clientKey: clientKey! }),
    ...(typeof tlsServerName === 'string' ? { tlsServerName } : {}),
  };
}

/** `exp` of a JSON Web Token; legacy account tokens have none. */
function expiryOf(token: string): string | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof exp === 'number' ? new Date(exp * 1000).toISOString() : undefined;
  } catch {
    return undefined;
  }
}

function withoutCredentials(server: string): string {
  try {
    const url = new URL(server);
    url.username = '';
    url.password = '';
    return url.toString().replace(/\/$/, '');
  } catch {
    return 'an address that cannot be read';
  }
}
