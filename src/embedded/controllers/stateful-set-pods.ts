/** The pod of an ordinal: a fixed name, a host name that the headless Service resolves, and claims of its own. */
import type { KubeObject, Pod } from '../../kube/index.ts';

export const revisionLabel = 'controller-revision-hash';

/** @param revision name of the ControllerRevision that the template is from */
export function podOf(set: KubeObject, ordinal: number, template: any, revision: string): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const claims: any[] = set['spec'].volumeClaimTemplates ?? [];
  const claimed = new Set(claims.map((one) => one.metadata.name));
  const volumes = [
    ...(template.spec.volumes ?? []).filter((one: any) => !claimed.has(one.name)),
    ...claims.map(({ metadata }) => ({
      name: metadata.name,
      persistentVolumeClaim: { claimName: claimName(metadata.name, name) },
    })),
  ];
  return {
    metadata: {
      ...template.metadata,
      name,
      namespace: set.metadata.namespace!,
      labels: {
        ...template.metadata?.labels,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
        [revisionLabel]: revision,
      },
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set['spec'].serviceName ? { subdomain: set['spec'].serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

export const claimName = (template: string, podName: string): string => `${template}-${podName}`;
