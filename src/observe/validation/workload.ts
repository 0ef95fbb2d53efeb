/** Workloads: whether they ask for a sidecar, for the ambient mesh, or for both. KIA1301 is not told: Kiali leaves it out by default. */
import type { KubeObject } from '../../kube/index.ts';
import { selectorOf } from '../config/references.ts';
import { labelsOf, proxyContainerOf } from '../model/workload.ts';
import type { IstioCheck } from '../types/index.ts';
import { isAmbient, modeLabel, waypointLabel, waypointOf } from './ambient.ts';
import { hasTargets, looksIntoRequests } from './ambient-config.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

const injectLabel = 'sidecar.istio.io/inject';
const redirection = 'ambient.istio.io/redirection';

/** @param object the workload's owner, or its pod where nobody owns it */
export function checkWorkload(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '', name = '' } = object.metadata;
  lookup.asked.add(`Workload/${namespace}`);
  const workload = lookup.home.workloads.get(namespace, name);
  if (!workload) return [];
  const labels = labelsOf(workload);
  const space = lookup.namespaceLabels(lookup.home, namespace);
  const pods = [...workload.pods.values()];
  const path = object['spec']?.template ? 'spec/template/metadata/labels' : 'metadata/labels';
  const asksForSidecar = labels[injectLabel] === 'true';
  const asksForAmbient = labels[modeLabel] === 'ambient';
  const hasSidecar = pods.some((one) => proxyContainerOf(one));
  const ambient = isAmbient(labels, space);
  const found: IstioCheck[] = [];
  if (asksForSidecar && asksForAmbient) found.push(check('KIA1311', path));
  if (asksForSidecar && pods.some((one) => one.metadata.annotations?.[redirection] === 'enabled'))
    found.push(check('KIA1314', path));
  if (hasSidecar && asksForAmbient) found.push(check('KIA1315', path));
  if (
    !asksForAmbient &&
    space[modeLabel] === 'ambient' &&
    labels[modeLabel] === undefined &&
    (hasSidecar || asksForSidecar)
  )
    found.push(check('KIA1316', path));
  const named = waypointOf(namespace, { [waypointLabel]: labels[waypointLabel] ?? 'none', ...pick(labels) });
  if (named && !ambient) found.push(check('KIA1312', path, { detail: named.name }));
  if (named && !lookup.all('K8sGateway', named.namespace).some(({ object: one }) => one.metadata.name === named.name))
    found.push(check('KIA1313', path, { detail: `${named.namespace}/${named.name}` }));
  if (ambient && !hasSidecar && !waypointOf(namespace, labels, space)) {
    const policy = lookup.all('AuthorizationPolicy', namespace).find(({ object: one }) => {
      const selector = Object.entries(selectorOf('AuthorizationPolicy', one) ?? {});
      return looksIntoRequests(one) && !hasTargets(one) && selector.every(([key, value]) => labels[key] === value);
    });
    if (policy) found.push(check('KIA1317', path, { detail: policy.object.metadata.name ?? '' }));
  }
  return found;
}

const pick = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith('istio.io/use-waypoint')));
