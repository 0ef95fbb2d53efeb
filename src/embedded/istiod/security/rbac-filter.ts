/** Envoy's RBAC filter, in its two forms. */
import { typed } from '../networking/names.ts';

export type FilterKind = 'http' | 'tcp';

export function rbacFilter(kind: FilterKind, config: any): any {
  return kind === 'http'
    ? { name: 'envoy.filters.http.rbac', typed_config: typed('extensions.filters.http.rbac.v3.RBAC', config) }
    : {
        name: 'envoy.filters.network.rbac',
        typed_config: typed('extensions.filters.network.rbac.v3.RBAC', { ...config, stat_prefix: 'tcp.' }),
      };
}
