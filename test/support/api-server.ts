/** An API server of our own on loopback, for tests of whatever speaks to one. */
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../../src/embedded/apiserver/index.ts';
import { kubeconfigOf } from '../../src/embedded/world/index.ts';
import { KubeClient } from '../../src/kube/index.ts';
import { createRoot, createSigningKeyPair, issueLeaf, type KeyPair } from '../../src/pki/index.ts';

export interface TestApiServer {
  client: KubeClient;
  /** A client with another identity. */
  clientFor(name: string, groups?: string[]): Promise<KubeClient>;
  server: string;
  ca: KeyPair;
  serviceAccountKeys: { privateKeyPem: string; publicKeyPem: string };
  kubeconfig: string;
  stop(): Promise<void>;
}

export interface TestApiServerOptions {
  folder: string;
  name?: string;
  log?: (line: string) => void;
  /** State of an earlier server, to start again on it. */
  from?: TestApiServer;
}

export async function startTestApiServer(options: TestApiServerOptions): Promise<TestApiServer> {
  const name = options.name ?? 'test';
  const ca = options.from?.ca ?? (await createRoot({ commonName: 'kubernetes' }));
  const serviceAccountKeys = options.from?.serviceAccountKeys ?? createSigningKeyPair();
  const [serving, admin] = await Promise.all([
    issueLeaf(ca, {
      commonName: 'kube-apiserver',
      ipAddresses: ['127.0.0.1'],
      dnsNames: ['localhost'],
      seconds: 86_400,
    }),
    issueLeaf(ca, { commonName: 'admin', organizations: ['system:masters'], seconds: 86_400 }),
  ]);
  const apiServer: ApiServer = await startApiServer({
    clusterName: name,
    dbPath: join(options.folder, `${name}.db`),
    listeners: [{ host: '127.0.0.1', port: 0 }],
    tls: serving,
    clientCaPem: ca.certPem,
    serviceAccountKeys,
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidr: '10.110.0.0/16',
    nodeAddress: '192.168.49.2',
    apiPort: 6443,
    kubeletClient: { ...admin, caPem: ca.certPem },
    clusterDomain: 'cluster.local',
    log: options.log ?? (() => {}),
  });
  const server = `https://127.0.0.1:${apiServer.ports[0]}`;
  const clients: KubeClient[] = [];
  const connect = (identity: KeyPair, agent: string): KubeClient => {
    const client = new KubeClient({
      server,
      ca: ca.certPem,
      clientCert: identity.certPem,
      clientKey: identity.keyPem,
      name,
      userAgent: agent,
    });
    clients.push(client);
    return client;
  };
  return {
    client: connect(admin, 'test'),
    clientFor: async (user, groups = []) =>
      connect(await issueLeaf(ca, { commonName: user, organizations: groups, seconds: 86_400 }), user),
    server,
    ca,
    serviceAccountKeys,
    kubeconfig: kubeconfigOf([
      { name, server, caPem: ca.certPem, clientCertPem: admin.certPem, clientKeyPem: admin.keyPem },
    ]),
    async stop() {
      for (const client of clients) await client[Symbol.asyncDispose]();
      await apiServer.stop();
    },
  };
}
