/** How to reach one API server, and how kubeconfig files say it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { IsthmusError, messageOf } from '../errors/index.ts';

export interface KubeConnection {
  /** https://host:port, perhaps with a path. */
  server: string;
  /** PEM. */
  ca?: string;
  token?: string | (() => string | Promise<string>);
  /** PEM. */
  clientCert?: string;
  /** PEM. */
  clientKey?: string;
  insecureSkipVerify?: boolean;
  tlsServerName?: string;
  userAgent?: string;
  /** The context's or cluster's name, for messages. */
  name?: string;
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The connection that a pod has to its own cluster. The token is read again at each use, since the kubelet renews the file.
 * @throws IsthmusError `kube.not-in-cluster` outside of a pod.
 */
export function inClusterConnection(
  env: NodeJS.ProcessEnv = process.env,
  folder = serviceAccountFolder,
): KubeConnection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port)
    throw new IsthmusError({
      code: 'kube.not-in-cluster',
      what: 'not running in a pod',
      why: 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    });
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    token: () => readFileSync(join(folder, 'token'), 'utf8').trim(),
    name: 'in-cluster',
  };
}

interface Kubeconfig {
  'current-context'?: string;
  contexts?: { name: string; context: { cluster: string; user?: string; namespace?: string } }[];
  clusters?: { name: string; cluster: Record<string, any> }[];
  users?: { name: string; user?: Record<string, any> }[];
}

/**
 * Reads one context of a kubeconfig: tokens, basic data and files, client certificates, exec plugins.
 * @param source a file's path, or the parsed object (relative paths in it are then taken from the current folder)
 * @throws IsthmusError `kube.kubeconfig` naming what is missing.
 */
export function loadKubeconfig(source: string | object, context?: string): KubeConnection {
  const where = typeof source === 'string' ? source : 'kubeconfig';
  const refuse = (what: string, fix?: string): never => {
    throw new IsthmusError({ code: 'kube.kubeconfig', fault: 'user', what, where, ...(fix ? { fix } : {}) });
  };
  let config: Kubeconfig;
  try {
    config = (typeof source === 'string' ? parse(readFileSync(source, 'utf8')) : source) as Kubeconfig;
  } catch (error) {
    return refuse(`cannot be read: ${messageOf(error)}`);
  }
  const folder = typeof source === 'string' ? dirname(source) : process.cwd();
  const names = (config.contexts ?? []).map((entry) => entry.name);
  const wanted = context ?? config['current-context'];
  if (!wanted) return refuse('no context is named and there is no current-context', `name one of: ${names.join(', ')}`);
  const entry = config.contexts?.find((candidate) => candidate.name === wanted);
  if (!entry) return refuse(`there is no context "${wanted}"`, `known contexts: ${names.join(', ') || 'none'}`);
  const cluster = config.clusters?.find((candidate) => candidate.name === entry.context.cluster)?.cluster;
  if (!cluster?.['server'])
    return refuse(`context "${wanted}" names cluster "${entry.context.cluster}", which has no server`);
  const user = config.users?.find((candidate) => candidate.name === entry.context.user)?.user ?? {};
  const inline = (data: unknown, file: unknown): string | undefined => {
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
    if (typeof file !== 'string') return undefined;
    const path = isAbsolute(file) ? file : join(folder, file);
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      return refuse(`file ${path} of context "${wanted}" cannot be read: ${messageOf(error)}`);
    }
  };
  const ca = inline(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const clientCert = inline(user['client-certificate-data'], user['client-certificate']);
  const clientKey = inline(user['client-key-data'], user['client-key']);
  const tokenFile = user['tokenFile'];
  const token: KubeConnection['token'] | undefined = user['token']
    ? String(user['token'])
    : tokenFile
      ? () => readFileSync(isAbsolute(tokenFile) ? tokenFile : join(folder, tokenFile), 'utf8').trim()
      : user['exec']
        ? execCredential(user['exec'], wanted)
        : undefined;
  return {
    server: String(cluster['server']).replace(/\/$/, ''),
    ...(ca ? { ca } : {}),
    ...(clientCert ? { clientCert } : {}),
    ...(clientKey ? { clientKey } : {}),
    ...(token ? { token } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { insecureSkipVerify: true } : {}),
    ...(cluster['tls-server-name'] ? { tlsServerName: String(cluster['tls-server-name']) } : {}),
    name: wanted,
  };
}

/** client.authentication.k8s.io: a program prints an ExecCredential; its token is kept until a minute before it expires. */
function execCredential(exec: Record<string, any>, context: string): () => Promise<string> {
  let kept: { token: string; until: number } | undefined;
  return async () => {
    if (kept && Date.now() < kept.until) return kept.token;
    const output = await new Promise<string>((resolve, reject) => {
      const env = { ...process.env };
      for (const variable of exec['env'] ?? []) env[variable.name] = variable.value;
      env['KUBERNETES_EXEC_INFO'] = JSON.stringify({
        kind: 'ExecCredential',
        apiVersion: exec['apiVersion'],
        spec: { interactive: false },
      });
      const child = spawn(exec['command'], exec['args'] ?? [], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`it ended with code ${code}`))));
    }).catch((cause) => {
      throw new IsthmusError({
        code: 'kube.exec-credential',
        what: `the credential plugin ${exec['command']} failed`,
        where: `context ${context}`,
        why: messageOf(cause),
        fix: exec['installHint'] ?? `run ${exec['command']} by hand to see why`,
        cause,
      });
    });
    const status = JSON.parse(output)?.status ?? {};
    const expires = status.expirationTimestamp
      ? Date.parse(status.expirationTimestamp) - 60_000
      : Number.POSITIVE_INFINITY;
    kept = { token: String(status.token ?? ''), until: expires };
    return kept.token;
  };
}
