import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/index.ts';
import { isInEffect } from '../config/in-effect.ts';
import { readsConfiguration } from '../config/index-by-service.ts';
import { selectorOf } from '../config/references.ts';
import type { IstioKind } from '../model/observed-kinds.ts';
import { labelsOf } from '../model/workload.ts';
import type { IstioCheck } from '../types/index.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

/** Checks of which the kind does not matter much. */
export function checkAnyObject(kind: IstioKind, object: KubeObject, lookup: Lookup): IstioCheck[] {
  return [...inEffect(kind, object, lookup), ...selectors(kind, object, lookup), ...exportTo(kind, object, lookup)];
}

function inEffect(kind: IstioKind, object: KubeObject, lookup: Lookup): IstioCheck[] {
  const readers = lookup.readers;
  if (!readsConfiguration(lookup.home)) {
    if (readers.length === 0 || isInEffect(lookup.home, kind, object)) return [];
    const to = readers[0]!;
    return [
      check('ISTHMUS0001', 'metadata', {
        detail: `read in ${readers.map((one) => one.name).join(', ')}`,
        fix: `kubectl --context ${to.context} apply -f - # the object`,
      }),
    ];
  }
  const { namespace = '', name = '' } = object.metadata;
  if (lookup.isRoot(namespace) && kind !== 'PeerAuthentication') return [];
  const others = lookup
    .all(kind, namespace)
    .filter(
      ({ cluster, object: one }) =>
        cluster !== lookup.home && one.metadata.name === name && readsConfiguration(cluster),
    );
  const different = others.filter(({ object: one }) => !isDeepStrictEqual(one['spec'], object['spec']));
  return different.length > 0
    ? [check('ISTHMUS0002', 'spec', { detail: `other in ${different.map(({ cluster }) => cluster.name).join(', ')}` })]
    : [];
}

const alone: IstioKind[] = ['PeerAuthentication', 'Sidecar'];
const selecting: IstioKind[] = [
  'AuthorizationPolicy',
  'PeerAuthentication',
  'RequestAuthentication',
  'Sidecar',
  'Telemetry',
  'WasmPlugin',
];

function selectors(kind: IstioKind, object: KubeObject, lookup: Lookup): IstioCheck[] {
  if (!selecting.includes(kind)) return [];
  const { namespace = '', name } = object.metadata;
  const selector = selectorOf(kind, object);
  const path = kind === 'Sidecar' ? 'spec/workloadSelector/labels' : 'spec/selector/matchLabels';
  const siblings = (): KubeObject[] => lookup.beside(kind, namespace).filter((one) => one.metadata.name !== name);
  if (!selector || Object.keys(selector).length === 0)
    return alone.includes(kind) && siblings().some((one) => Object.keys(selectorOf(kind, one) ?? {}).length === 0)
      ? [check('KIA0002', 'spec/selector')]
      : [];
  const found: IstioCheck[] = [];
  const where = lookup.isRoot(namespace) && kind !== 'Sidecar' ? undefined : namespace;
  if (!lookup.hasWorkload(selector, where)) found.push(check('KIA0004', path));
  if (alone.includes(kind) && siblings().some((one) => meet(selector, selectorOf(kind, one), namespace, lookup)))
    found.push(check('KIA0003', path));
  return found;
}

/** Whether two selectors choose the same workload. */
function meet(
  one: Record<string, string>,
  other: Record<string, string> | undefined,
  namespace: string,
  lookup: Lookup,
): boolean {
  if (!other || Object.keys(other).length === 0) return false;
  const both = [...Object.entries(one), ...Object.entries(other)];
  return lookup.clusters.some((cluster) =>
    cluster.workloads.list(namespace).some((workload) => {
      const labels = labelsOf(workload);
      return both.every(([key, value]) => labels[key] === value);
    }),
  );
}

function exportTo(kind: IstioKind, object: KubeObject, lookup: Lookup): IstioCheck[] {
  if (!['VirtualService', 'DestinationRule', 'ServiceEntry'].includes(kind)) return [];
  return ((object['spec']?.exportTo ?? []) as string[]).flatMap((name, index) =>
    ['*', '.', '~'].includes(name) || lookup.hasNamespace(name)
      ? []
      : [check('KIA0005', `spec/exportTo[${index}]`, { detail: name })],
  );
}
