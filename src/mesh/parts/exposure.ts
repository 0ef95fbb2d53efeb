import { crossesNetworks, hasGateway, remotesOf } from '../../spec/index.ts';
import { isIstio, istiodName, istioObjects, networkingVersion } from '../istio/index.ts';
import { here, type Part, systemNamespace } from '../part.ts';

const selector = { istio: 'eastwestgateway' };

/** What the gateways let in, as in Istio's expose-istiod.yaml and expose-services.yaml. The objects are in the primary only; the second is for the gateways of all its clusters. */
export const exposure: Part = {
  name: 'exposure',
  applies: (mesh, cluster) => cluster.role === 'primary' && hasGateway(mesh, cluster),
  needs: (_, cluster) => ['custom-resources', 'namespaces'].map((part) => ({ part, cluster: cluster.name })),
  async desired(context) {
    const { mesh, cluster } = context;
    const apiVersion = networkingVersion(isIstio(mesh) ? await istioObjects(mesh, cluster) : []);
    const host = `${istiodName(mesh)}.${systemNamespace}.svc.${mesh.clusterDomain}`;
    const server = (number: number, name: string, mode: string, hosts: string[]) => ({
      port: { number, name, protocol: 'TLS' },
      tls: { mode },
      hosts,
    });
    const route = (port: number, target: number) => ({
      match: [{ port, sniHosts: ['*'] }],
      route: [{ destination: { host, port: { number: target } } }],
    });
    const istiod = [
      {
        apiVersion,
        kind: 'Gateway',
        metadata: { name: 'istiod-gateway', namespace: systemNamespace },
        spec: {
          selector,
          servers: [
            server(15_012, 'tls-istiod', 'PASSTHROUGH', ['*']),
            server(15_017, 'tls-istiodwebhook', 'PASSTHROUGH', ['*']),
          ],
        },
      },
      {
        apiVersion,
        kind: 'VirtualService',
        metadata: { name: 'istiod-vs', namespace: systemNamespace },
        spec: { hosts: ['*'], gateways: ['istiod-gateway'], tls: [route(15_012, 15_012), route(15_017, 443)] },
      },
    ];
    const services = {
      apiVersion,
      kind: 'Gateway',
      metadata: { name: 'cross-network-gateway', namespace: systemNamespace },
      spec: { selector, servers: [server(15_443, 'tls', 'AUTO_PASSTHROUGH', ['*.local'])] },
    };
    return here(context, [
      ...(remotesOf(mesh, cluster.name).length > 0 ? istiod : []),
      ...(crossesNetworks(mesh) ? [services] : []),
    ]);
  },
  ready: async () => {},
};
