/**
 * One cluster in one process, the first of a PID namespace of its own: API server, controllers, kubelet, service proxy and DNS, each
 * started here and joined only by the Kubernetes API. Arguments: the cluster's name, the path of the world's configuration; file
 * descriptor 3 takes progress, 4 is the listening socket on the host; the end of standard input asks it to stop.
 */
import { mkdirSync, readFileSync, writeSync } from 'node:fs';
import { messageOf } from '../../errors/index.ts';
import { KubeClient } from '../../kube/index.ts';
import { startApiServer } from '../apiserver/index.ts';
import { startControllers } from '../controllers/index.ts';
import { ensureDnsService, setUpNodeNetwork, startDns, startKubelet, startServiceProxy } from '../node/index.ts';
import { addressAt } from './addresses.ts';
import { apiServerPort, clusterPaths, dnsPort, kubeletPort, type WorldConfig } from './config.ts';
import { ensureClusterPki } from './pki.ts';

const [clusterName, configPath] = process.argv.slice(-2) as [string, string];

async function main(): Promise<void> {
  const config: WorldConfig = JSON.parse(readFileSync(configPath, 'utf8'));
  const cluster = config.clusters.find((candidate) => candidate.name === clusterName);
  if (!cluster) throw new Error(`no cluster ${clusterName} in ${configPath}`);
  const paths = clusterPaths(config.home, cluster.name);
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  const pki = await ensureClusterPki(config.home, cluster, config.clusterDomain);
  const { programs, clusterDomain } = config;
  const nftEnv = programs.nftLibraryPath ? { LD_LIBRARY_PATH: programs.nftLibraryPath } : {};
  const gateway = addressAt(cluster.podRange, 1);
  const dnsAddress = addressAt(cluster.serviceRange, 10);

  const apiServer = await startApiServer({
    clusterName: cluster.name,
    dbPath: paths.database,
    listeners: [
      { host: '127.0.0.1', port: apiServerPort },
      { host: cluster.nodeAddress, port: apiServerPort },
      { fd: 4 },
    ],
    tls: pki.apiServer,
    clientCaPem: pki.ca.certPem,
    serviceAccountKeys: pki.serviceAccount,
    serviceAccountIssuer: `https://kubernetes.default.svc.${clusterDomain}`,
    serviceCidr: cluster.serviceRange,
    nodeAddress: cluster.nodeAddress,
    apiPort: apiServerPort,
    kubeletClient: { ...pki.kubeletClient, caPem: pki.ca.certPem },
    clusterDomain,
    log: logger('apiserver'),
  });
  const client = (identity: { certPem: string; keyPem: string }, userAgent: string) =>
    new KubeClient({
      server: `https://127.0.0.1:${apiServerPort}`,
      ca: pki.ca.certPem,
      clientCert: identity.certPem,
      clientKey: identity.keyPem,
      userAgent,
      name: cluster.name,
    });
  const nodeClient = client(pki.node, 'kubelet');
  const network = await setUpNodeNetwork({
    podCidr: cluster.podRange,
    serviceCidr: cluster.serviceRange,
    podBridge: 'cni0',
    gateway,
    runDir: paths.run,
  });
  const serviceProxy = await startServiceProxy({
    client: client(pki.node, 'kube-proxy'),
    nodeName: cluster.name,
    nodeAddress: cluster.nodeAddress,
    podCidr: cluster.podRange,
    serviceCidr: cluster.serviceRange,
    externalInterface: 'eth0',
    externalNetwork: config.sharedNetwork,
    podBridge: 'cni0',
    nft: programs.nft,
    nftEnv,
    log: logger('service-proxy'),
  });
  const dns = await startDns({
    client: client(pki.node, 'dns'),
    clusterDomain,
    listen: [{ address: gateway, port: dnsPort }],
    log: logger('dns'),
  });
  await ensureDnsService(client(pki.controllers, 'dns'), { clusterIP: dnsAddress, address: gateway, port: dnsPort });
  const controllers = await startControllers({
    client: client(pki.controllers, 'kube-controller-manager'),
    clusterName: cluster.name,
    serviceAccountKeys: pki.serviceAccount,
    rootCaPem: pki.ca.certPem,
    clusterDomain,
    log: logger('controllers'),
  });
  const kubelet = await startKubelet({
    client: nodeClient,
    nodeName: cluster.name,
    nodeAddress: cluster.nodeAddress,
    listen: { address: cluster.nodeAddress, port: kubeletPort },
    tls: pki.kubeletServer,
    clientCaPem: pki.ca.certPem,
    runDir: paths.run,
    logDir: paths.podLogs,
    clusterDns: dnsAddress,
    clusterDomain,
    podCidr: cluster.podRange,
    network,
    images: config.images,
    programs: { ...programs, nftEnv },
    labels: {
      ...(cluster.locality?.region ? { 'topology.kubernetes.io/region': cluster.locality.region } : {}),
      ...(cluster.locality?.zone ? { 'topology.kubernetes.io/zone': cluster.locality.zone } : {}),
    },
    log: logger('kubelet'),
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const part of [kubelet, controllers, dns, serviceProxy, apiServer]) await part.stop();
    process.exit(0);
  };
  process.stdin.on('end', () => void stop()).on('error', () => void stop());
  process.stdin.resume();
  process.on('SIGTERM', () => void stop());
  writeSync(3, `${JSON.stringify({ type: 'ready' })}\n`);
}

function logger(part: string): (line: string) => void {
  return (line) => console.log(new Date().toISOString(), part, line);
}

/** A fault in one part must be seen in the log with its place, and must not leave half a cluster running. */
function endOn(kind: string): (error: unknown) => void {
  return (error) => {
    console.error(new Date().toISOString(), kind, error instanceof Error ? error.stack : messageOf(error));
    process.exit(1);
  };
}

process.on('uncaughtException', endOn('uncaught exception'));
process.on('unhandledRejection', endOn('unhandled rejection'));
await main();
