/** Upstream's etcd, kube-apiserver and kube-controller-manager as processes of one cluster, inside of its node's network namespace. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EmbeddedCluster } from '../../../src/embedded/world/config.ts';
import { kubeconfigOf } from '../../../src/embedded/world/kubeconfig.ts';
import type { ClusterPki } from '../../../src/embedded/world/pki.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import type { KeyPair } from '../../../src/pki/index.ts';

export interface ControlPlaneOptions {
  cluster: EmbeddedCluster;
  clusterDomain: string;
  /** For data, keys and logs; 0700. */
  folder: string;
  programs: { etcd: string; 'kube-apiserver': string; 'kube-controller-manager': string };
  pki: ClusterPki;
  port: number;
  admin: KubeClient;
}

/** Those that nothing here replaces. */
const controllers = [
  'serviceaccount-token-controller',
  'serviceaccount-controller',
  'root-ca-certificate-publisher-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'endpointslice-controller',
  'endpoints-controller',
  'endpointslice-mirroring-controller',
  'deployment-controller',
  'replicaset-controller',
  'horizontal-pod-autoscaler-controller',
  'disruption-controller',
  'node-lifecycle-controller',
  'taint-eviction-controller',
];

/** Returns when the API server is ready. The processes end with this one, whose PID namespace they share. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<{ stop(): Promise<void> }> {
  const { cluster, folder, programs, pki, port, clusterDomain } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await keyFiles(folder, pki);
  const etcdUrl = 'http://127.0.0.1:2379';
  const peerUrl = 'http://127.0.0.1:2380';
  const start = (program: keyof ControlPlaneOptions['programs'], args: string[]) => {
    const output = openSync(join(folder, `${program}.log`), 'a', 0o600);
    const child = spawn(programs[program], args, { stdio: ['ignore', output, output], cwd: folder });
    child.on('exit', (code, signal) => {
      if (stopping) return;
      console.error(new Date().toISOString(), program, `ended with ${signal ?? `code ${code}`}`);
      process.exit(1);
    });
    return child;
  };
  let stopping = false;
  const children = [
    start('etcd', [
      ...['--name', 'default', '--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`],
    ]),
    start('kube-apiserver', [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=0.0.0.0',
      `--secure-port=${port}`,
      `--advertise-address=${cluster.nodeAddress}`,
      `--service-cluster-ip-range=${cluster.serviceRange}`,
      '--allow-privileged=true',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--tls-cert-file=${file('apiserver.crt')}`,
      `--tls-private-key-file=${file('apiserver.key')}`,
      `--client-ca-file=${file('ca.crt')}`,
      `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
      `--kubelet-client-key=${file('kubelet-client.key')}`,
      `--kubelet-certificate-authority=${file('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--service-account-issuer=https://kubernetes.default.svc.${clusterDomain}`,
      `--service-account-key-file=${file('sa.pub')}`,
      `--service-account-signing-key-file=${file('sa.key')}`,
      // Webhooks go to the endpoints of their Service: the service proxy serves pods and nodes, and this does not depend on it.
      '--enable-aggregator-routing=true',
      '--profiling=false',
    ]),
  ];
  await ready(options.admin);
  children.push(
    start('kube-controller-manager', [
      `--kubeconfig=${file('controllers.kubeconfig')}`,
      '--bind-address=127.0.0.1',
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      `--root-ca-file=${file('ca.crt')}`,
      `--service-account-private-key-file=${file('sa.key')}`,
      `--controllers=${controllers.join(',')}`,
    ]),
  );
  return {
    async stop() {
      stopping = true;
      for (const child of children.reverse()) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        if (child.exitCode !== null || !child.kill('SIGTERM')) continue;
        await Promise.race([ended, pause(2_000).then(() => child.kill('SIGKILL'))]);
      }
    },
  };
}

async function ready(admin: KubeClient): Promise<void> {
  for (;;) {
    const answer = await admin.request('GET', '/readyz', { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer === 'ok') return;
    await pause(50);
  }
}

async function keyFiles(folder: string, pki: ClusterPki): Promise<(name: string) => string> {
  const path = (name: string): string => join(folder, name);
  const pair = (name: string, { certPem, keyPem }: KeyPair): [string, string][] => [
    [`${name}.crt`, certPem],
    [`${name}.key`, keyPem],
  ];
  const controllersConfig = kubeconfigOf([
    {
      name: 'controllers',
      server: 'https://127.0.0.1:6443',
      caPem: pki.ca.certPem,
      clientCertPem: pki.controllers.certPem,
      clientKeyPem: pki.controllers.keyPem,
    },
  ]);
  const files: [string, string][] = [
    ['ca.crt', pki.ca.certPem],
    ...pair('apiserver', pki.apiServer),
    ...pair('kubelet-client', pki.kubeletClient),
    ['sa.key', pki.serviceAccount.privateKeyPem],
    ['sa.pub', pki.serviceAccount.publicKeyPem],
    ['controllers.kubeconfig', controllersConfig],
  ];
  for (const [name, text] of files) {
    await writeFile(path(name), text, { mode: 0o600 });
    await chmod(path(name), 0o600);
  }
  return path;
}
