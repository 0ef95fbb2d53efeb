/** Health as tools made for Kiali read it: by namespace, then by name. Kiali answers for one cluster, and so tells no cluster apart. */
import type { HealthStatus, HealthView, NamespaceHealth } from '../../observe/index.ts';
import type { ClustersHealth } from '../api.ts';

type Form = Pick<ClustersHealth, 'namespaceAppHealth' | 'namespaceServiceHealth' | 'namespaceWorkloadHealth'>;

const ranks: Record<HealthStatus, number> = { NA: 0, Healthy: 1, 'Not Ready': 2, Degraded: 3, Failure: 4 };

/** @param type app, service or workload; all of them without it */
export function kialisHealth(namespaces: NamespaceHealth[], type: string | null): Form {
  const of = (read: (one: NamespaceHealth) => Record<string, HealthView>) => {
    const found: Record<string, Record<string, HealthView>> = {};
    for (const one of namespaces) {
      const names = (found[one.namespace] ??= {});
      for (const [name, view] of Object.entries(read(one))) {
        const known = names[name];
        if (!known || ranks[view.status] > ranks[known.status]) names[name] = view;
      }
    }
    return found;
  };
  const isAsked = (name: string): boolean => type === null || type === name;
  return {
    ...(isAsked('app') ? { namespaceAppHealth: of((one) => one.appHealth) } : {}),
    ...(isAsked('service') ? { namespaceServiceHealth: of((one) => one.serviceHealth) } : {}),
    ...(isAsked('workload') ? { namespaceWorkloadHealth: of((one) => one.workloadHealth) } : {}),
  };
}
