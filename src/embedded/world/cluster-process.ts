/**
 * One cluster in one process, the first of a PID namespace of its own: API server, controllers and the node, each started here and
 * joined only by the Kubernetes API. Arguments: the cluster's name, the path of the world's configuration; file descriptor 3 takes
 * progress, 4 is the listening socket on the host; the end of standard input asks it to stop.
 */
import { startApiServer } from '../apiserver/index.ts';
import { startControllers } from '../controllers/index.ts';
import { apiServerPort } from './config.ts';
import { startNode } from './node-part.ts';
import { ensureClusterPki } from './pki.ts';
import { runClusterProcess } from './run-cluster.ts';

await runClusterProcess(async ({ config, cluster, paths, logger, client }) => {
  const pki = await ensureClusterPki(config.home, cluster, config.clusterDomain);
  const { clusterDomain } = config;
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
  const ca = pki.ca.certPem;
  const controllers = await startControllers({
    client: client(ca, pki.controllers, 'kube-controller-manager'),
    clusterName: cluster.name,
    serviceAccountKeys: pki.serviceAccount,
    rootCaPem: ca,
    clusterDomain,
    volumesFolder: paths.volumes,
    log: logger('controllers'),
  });
  const node = await startNode({
    config,
    cluster,
    pki,
    clients: {
      kubelet: client(ca, pki.node, 'kubelet'),
      serviceProxy: client(ca, pki.node, 'kube-proxy'),
      dns: client(ca, pki.node, 'dns'),
      installer: client(ca, pki.controllers, 'dns'),
    },
    logger,
  });
  return [node, controllers, apiServer];
});
