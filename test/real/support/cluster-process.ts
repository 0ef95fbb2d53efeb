/**
 * One cluster whose Kubernetes API is upstream's, and whose node is ours: etcd, kube-apiserver and kube-controller-manager, joined by our
 * kubelet, service proxy, DNS, scheduler and load balancer as clients, each with the identity that Kubernetes gives to its like. A world
 * runs it in place of its own cluster process. The programs' paths are in real.json in the state folder.
 */
import { readFileSync } from 'node:fs';
import { createServer, connect as netConnect } from 'node:net';
import { join } from 'node:path';
import { startControllers } from '../../../src/embedded/controllers/index.ts';
import { apiServerPort } from '../../../src/embedded/world/config.ts';
import { startNode } from '../../../src/embedded/world/node-part.ts';
import { ensureClusterPki } from '../../../src/embedded/world/pki.ts';
import { runClusterProcess } from '../../../src/embedded/world/run-cluster.ts';
import type { KubeClient } from '../../../src/kube/index.ts';
import { issueLeaf } from '../../../src/pki/index.ts';
import { startControlPlane } from './control-plane.ts';

await runClusterProcess(async ({ config, cluster, paths, logger, client }) => {
  const pki = await ensureClusterPki(config.home, cluster, config.clusterDomain);
  const ca = pki.ca.certPem;
  const as = async (commonName: string, userAgent: string): Promise<KubeClient> =>
    client(ca, await issueLeaf(pki.ca, { commonName, server: false, seconds: 365 * 86_400 }), userAgent);
  const admin = client(ca, pki.admin, 'isthmus-test');
  const controlPlane = await startControlPlane({
    cluster,
    clusterDomain: config.clusterDomain,
    folder: join(paths.folder, 'kubernetes'),
    programs: JSON.parse(readFileSync(join(config.home, 'real.json'), 'utf8')),
    pki,
    port: apiServerPort,
    admin,
  });
  const common = {
    clusterName: cluster.name,
    serviceAccountKeys: pki.serviceAccount,
    rootCaPem: ca,
    clusterDomain: config.clusterDomain,
    log: logger('controllers'),
  };
  const scheduler = await startControllers({
    ...common,
    client: await as('system:kube-scheduler', 'kube-scheduler'),
    only: ['scheduler'],
  });
  const balancer = await startControllers({ ...common, client: admin, only: ['load-balancer'] });
  const node = await startNode({
    config,
    cluster,
    pki,
    clients: {
      kubelet: client(ca, pki.node, 'kubelet'),
      serviceProxy: await as('system:kube-proxy', 'kube-proxy'),
      // CoreDNS has a role of its own for this, which comes with its manifest.
      dns: admin,
      installer: admin,
    },
    logger,
  });
  const forwarder = forwardHostSocket();
  return [{ stop: async () => void forwarder.close() }, node, balancer, scheduler, controlPlane];
});

/** The socket on the host's loopback leads to the API server, which can only listen by itself. */
function forwardHostSocket() {
  return createServer((socket) => {
    const upstream = netConnect(apiServerPort, '127.0.0.1');
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  }).listen({ fd: 4 });
}
