/** What governs the subject now, in each cluster that is written to. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { IstioConfigDetails, IstioConfigList, ObjectKey } from '../../api.ts';
import { type ConfigObject, isHostOf } from '../../wizards/objects.ts';
import { getJson } from '../api/client.ts';
import { configPath } from '../api/queries.ts';
import type { Present, Subject } from './wizard.ts';

const kinds = ['VirtualService', 'DestinationRule', 'PeerAuthentication'];

/** By cluster. Asked once: a form is not to change under somebody's hands. */
export function usePresent(clusters: string[], subject: Subject | undefined): UseQueryResult<Record<string, Present>> {
  return useQuery({
    queryKey: ['present', clusters, subject?.namespace, subject?.service?.name],
    enabled: subject !== undefined && clusters.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    queryFn: async () => {
      const entries = clusters.map(async (cluster) => [cluster, await presentIn(cluster, subject!)] as const);
      return Object.fromEntries(await Promise.all(entries));
    },
  });
}

async function presentIn(cluster: string, subject: Subject): Promise<Present> {
  const list = await getJson<IstioConfigList>('istio/config', { clusters: cluster, namespaces: subject.namespace });
  const objects = await Promise.all(
    list.items.filter(({ kind }) => kinds.includes(kind)).map((item) => objectOf(item)),
  );
  const present: Present = { peers: {} };
  for (const object of objects) {
    const { kind, metadata, spec } = object;
    if (kind === 'PeerAuthentication') present.peers[metadata.name] = object;
    else if (subject.service && concerns(object, subject.service)) {
      if (kind === 'VirtualService' && spec['http']) present.virtualService ??= object;
      if (kind === 'DestinationRule') present.destinationRule ??= object;
    }
  }
  return present;
}

function concerns({ spec, metadata }: ConfigObject, service: NonNullable<Subject['service']>): boolean {
  const hosts: string[] = spec['hosts'] ?? (spec['host'] ? [spec['host']] : []);
  // Routes that only gateways use are not for those who call within the mesh.
  const gateways: string[] = spec['gateways'] ?? ['mesh'];
  return gateways.includes('mesh') && hosts.some((host) => isHostOf(service, host, metadata.namespace));
}

async function objectOf({ cluster, apiVersion, kind, namespace, name }: ObjectKey): Promise<ConfigObject> {
  const [group = '', version = ''] = apiVersion.split('/');
  const { resource } = await getJson<IstioConfigDetails>(
    configPath({ cluster, namespace, name, group, version, kind }),
    { clusterName: cluster },
  );
  return { spec: {}, ...withoutStatus(resource) } as unknown as ConfigObject;
}

/** Status and what the server sets itself are not written. */
function withoutStatus({ status: _, ...object }: Record<string, unknown>): Record<string, unknown> {
  const { resourceVersion, uid, creationTimestamp, generation, managedFields, ...metadata } = object[
    'metadata'
  ] as Record<string, unknown>;
  return { ...object, metadata };
}
