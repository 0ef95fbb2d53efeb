/** Upstream's etcd and kube-apiserver on loopback, with nothing behind them: no controllers and no nodes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KubeClient } from '../../src/kube/index.ts';
import { createRoot, createSigningKeyPair, issueLeaf } from '../../src/pki/index.ts';

export interface UpstreamApiServer {
  client: KubeClient;
  stop(): Promise<void>;
}

const longestStartMs = 120_000;

/** @throws Error with the end of its log when the API server does not become ready. */
export async function startUpstreamApiServer(
  programs: { etcd: string; 'kube-apiserver': string },
  folder: string,
): Promise<UpstreamApiServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(folder, name);
  const ca = await createRoot({ commonName: 'kubernetes' });
  const keys = createSigningKeyPair();
  const serving = await issueLeaf(ca, { commonName: 'kube-apiserver', ipAddresses: ['127.0.0.1'], seconds: 86_400 });
  const admin = await issueLeaf(ca, { commonName: 'admin', organizations: ['system:masters'], seconds: 86_400 });
  const files: Record<string, string> = {
    'ca.crt': ca.certPem,
    'apiserver.crt': serving.certPem,
    'apiserver.key': serving.keyPem,
    'sa.pub': keys.publicKeyPem,
    'sa.key': keys.privateKeyPem,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path(name), text, { mode: 0o600 });
  const [etcdPort, peerPort, port] = await freePorts(3);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const children: ChildProcess[] = [];
  const start = (program: keyof typeof programs, args: string[]): void => {
    const log = openSync(path(`${program}.log`), 'a', 0o600);
    children.push(spawn(programs[program], args, { stdio: ['ignore', log, log], cwd: folder }));
  };
  start('etcd', [
    ...['--name', 'default', '--data-dir', path('etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
    ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
    ...['--initial-cluster', `default=${peerUrl}`],
  ]);
  start('kube-apiserver', [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    '--advertise-address=192.168.49.2',
    '--service-cluster-ip-range=10.110.0.0/16',
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    `--tls-cert-file=${path('apiserver.crt')}`,
    `--tls-private-key-file=${path('apiserver.key')}`,
    `--client-ca-file=${path('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${path('sa.pub')}`,
    `--service-account-signing-key-file=${path('sa.key')}`,
    '--profiling=false',
  ]);
  const client = new KubeClient({
    server: `https://127.0.0.1:${port}`,
    ca: ca.certPem,
    clientCert: admin.certPem,
    clientKey: admin.keyPem,
    name: 'upstream',
    userAgent: 'test',
  });
  const stop = async (): Promise<void> => {
    await client[Symbol.asyncDispose]();
    for (const child of children.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    }
  };
  const deadline = Date.now() + longestStartMs;
  for (;;) {
    const answer = await client.request('GET', '/readyz', { answerWithinMs: 2_000 }).catch(() => undefined);
    if (answer === 'ok') return { client, stop };
    if (Date.now() > deadline || children.some(({ exitCode }) => exitCode !== null)) {
      await stop();
      throw new Error(`kube-apiserver is not ready: ${readFileSync(path('kube-apiserver.log'), 'utf8').slice(-2000)}`);
    }
    await pause(100);
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
