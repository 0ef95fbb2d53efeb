import { stringify } from 'yaml';
import type { KubeObject } from '../../kube/index.ts';

/** As a person would write it: without what the server keeps for itself. */
export function yamlOf(object: KubeObject | undefined): string {
  return object ? stringify(withoutBookkeeping(object), { lineWidth: 0 }) : '';
}

/** apiVersion and kind first, and no managed fields. Environment values stay: what is secret does not belong there and Kiali shows them too. */
export function withoutBookkeeping(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { managedFields: _, ...kept } = metadata;
  return { ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), metadata: kept, ...rest };
}
