/**
 * The certificates of one embedded cluster, as kubeadm lays them out in spirit: one CA that both servers and clients trust, leaves for
 * the API server, the kubelet and the two clients inside, an administrator for people, and the service-account signing key. Files are
 * made once and live in the state folder; leaves are renewed at a start when less than a month of them is left.
 */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRoot,
  createSigningKeyPair,
  issueLeaf,
  type KeyPair,
  type LeafOptions,
  readCertificate,
} from '../../pki/index.ts';
import { addressAt } from './addresses.ts';
import { clusterPaths, type EmbeddedCluster } from './config.ts';

export interface ClusterPki {
  ca: KeyPair;
  apiServer: KeyPair;
  /** The API server as a client of the kubelet. */
  kubeletClient: KeyPair;
  /** The kubelet's serving certificate. */
  kubeletServer: KeyPair;
  /** The kubelet as a client of the API server. */
  node: KeyPair;
  controllers: KeyPair;
  admin: KeyPair;
  serviceAccount: { privateKeyPem: string; publicKeyPem: string };
}

const year = 365 * 86_400;
const month = 30 * 86_400_000;

/** Reads the cluster's certificates, making what is missing or soon over. */
export async function ensureClusterPki(
  home: string,
  cluster: EmbeddedCluster,
  clusterDomain: string,
): Promise<ClusterPki> {
  const folder = clusterPaths(home, cluster.name).pki;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ca = await keep(folder, 'ca', Number.NEGATIVE_INFINITY, () =>
    createRoot({ commonName: 'kubernetes', days: 3650 }),
  );
  const leaf = (name: string, options: Omit<LeafOptions, 'seconds'>) =>
    keep(folder, name, month, () => issueLeaf(ca, { ...options, seconds: year }));
  const [apiServer, kubeletClient, kubeletServer, node, controllers, admin] = await Promise.all([
    leaf('apiserver', {
      commonName: 'kube-apiserver',
      dnsNames: [
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${clusterDomain}`,
      ],
      ipAddresses: ['127.0.0.1', cluster.nodeAddress, addressAt(cluster.serviceRange, 1)],
      client: false,
    }),
    leaf('apiserver-kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      server: false,
    }),
    leaf('kubelet', {
      commonName: `system:node:${cluster.name}`,
      ipAddresses: [cluster.nodeAddress],
      dnsNames: [cluster.name],
    }),
    leaf('node', { commonName: `system:node:${cluster.name}`, organizations: ['system:nodes'], server: false }),
    leaf('controllers', { commonName: 'system:kube-controller-manager', server: false }),
    leaf('admin', { commonName: 'kubernetes-admin', organizations: ['system:masters'], server: false }),
  ]);
  return {
    ca,
    apiServer,
    kubeletClient,
    kubeletServer,
    node,
    controllers,
    admin,
    serviceAccount: await keepSigningKey(folder),
  };
}

async function keep(folder: string, name: string, leastLeftMs: number, make: () => Promise<KeyPair>): Promise<KeyPair> {
  const [certPath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const [certPem, keyPem] = await Promise.all([readOrNothing(certPath), readOrNothing(keyPath)]);
  if (certPem && keyPem && readCertificate(certPem).notAfter.getTime() - Date.now() > leastLeftMs)
    return { certPem, keyPem };
  const made = await make();
  await Promise.all([writePrivate(certPath, made.certPem), writePrivate(keyPath, made.keyPem)]);
  return made;
}

async function keepSigningKey(folder: string): Promise<ClusterPki['serviceAccount']> {
  const [privatePath, publicPath] = [join(folder, 'sa.key'), join(folder, 'sa.pub')];
  const [privateKeyPem, publicKeyPem] = await Promise.all([readOrNothing(privatePath), readOrNothing(publicPath)]);
  if (privateKeyPem && publicKeyPem) return { privateKeyPem, publicKeyPem };
  const made = createSigningKeyPair();
  await Promise.all([writePrivate(privatePath, made.privateKeyPem), writePrivate(publicPath, made.publicKeyPem)]);
  return made;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written beside and renamed, so that a reader or a crash never sees half a file. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, text, { mode: 0o600 });
  await chmod(beside, 0o600);
  await rename(beside, path);
}
