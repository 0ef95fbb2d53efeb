/** What wizards for a service are filled with. */
import type { KubeObject } from '../../kube/index.ts';
import { withoutBookkeeping } from '../entities/yaml.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { labelsOf } from '../model/workload.ts';
import type { NamespaceKey, ServiceWizardData } from '../types/index.ts';
import { serviceOfHost } from './host.ts';
import { readsConfiguration } from './index-by-service.ts';

const domain = 'cluster.local';

/** Undefined where the cluster has no such service. Rights are to be filled in by who knows the viewer. */
export function serviceWizardData(
  clusters: ClusterModel[],
  isSeen: (where: NamespaceKey) => boolean,
  cluster: ClusterModel,
  namespace: string,
  name: string,
): ServiceWizardData | undefined {
  const service = cluster.get('Service', namespace, name);
  if (!service) return undefined;
  const seen = clusters.filter((one) => isSeen({ cluster: one.name, namespace }));
  const isIts = (host: string, from: string): boolean => {
    const found = serviceOfHost(host, from, domain);
    return found?.name === name && found.namespace === namespace;
  };
  return {
    service: { cluster: cluster.name, namespace, name, domain },
    ports: (service['spec']?.ports ?? []).map(
      ({ name: port = '', port: number, protocol = 'TCP', appProtocol }: any) => ({
        name: port,
        port: number,
        protocol,
        ...(appProtocol ? { appProtocol } : {}),
      }),
    ),
    versions: versionsOf(seen, namespace, name),
    targets: seen.filter(readsConfiguration).map((one) => ({
      cluster: one.name,
      virtualServices: oldestFirst(
        one.list('VirtualService', namespace).filter(({ ['spec']: spec }) => {
          const hosts: string[] = spec?.hosts ?? [];
          return hosts.length === 1 && isIts(hosts[0]!, namespace);
        }),
      ),
      destinationRules: oldestFirst(
        one.list('DestinationRule', namespace).filter(({ ['spec']: spec }) => isIts(spec?.host ?? '', namespace)),
      ),
      gateways: one.list('Gateway').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      mayCreate: false,
      mayUpdate: false,
    })),
  };
}

const oldestFirst = (objects: KubeObject[]): Record<string, unknown>[] =>
  objects
    .toSorted((one, other) =>
      (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? ''),
    )
    .map((one) => withoutBookkeeping(one) as unknown as Record<string, unknown>);

/** A subset is of the whole mesh: workloads of one version in two clusters are one. */
function versionsOf(clusters: ClusterModel[], namespace: string, name: string): ServiceWizardData['versions'] {
  const versions = new Map<string, ServiceWizardData['versions'][number]>();
  for (const cluster of clusters) {
    const selector = cluster.get('Service', namespace, name)?.['spec']?.selector ?? {};
    if (Object.keys(selector).length === 0) continue;
    for (const workload of cluster.workloads.selected(namespace, selector)) {
      const { version } = labelsOf(workload);
      if (!version) continue;
      const known = versions.get(version) ?? { subset: subsetName(version), labels: { version }, workloads: [] };
      known.workloads.push({ cluster: cluster.name, name: workload.name });
      versions.set(version, known);
    }
  }
  return [...versions.values()].toSorted((one, other) => one.subset.localeCompare(other.subset));
}

/** Names of subsets have no dots in them. */
const subsetName = (version: string): string => version.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
