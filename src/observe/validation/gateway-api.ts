/** The Gateway API, as far as Istio carries it out: Gateways, their routes, and grants from namespace to namespace. */
import type { KubeObject } from '../../kube/index.ts';
import { isIstioClass, istioClasses } from '../config/in-effect.ts';
import type { IstioCheck } from '../types/index.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

const keyOf = ({ hostname = '', port, protocol }: any): string => `${hostname}:${port}/${protocol}`;

export function checkK8sGateway(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace, name } = object.metadata;
  const { gatewayClassName = '', listeners = [], addresses = [] } = object['spec'] ?? {};
  const others = lookup
    .beside('K8sGateway')
    .filter((one) => one.metadata.name !== name || one.metadata.namespace !== namespace);
  const nameOf = ({ metadata }: KubeObject) => ({ detail: `${metadata.namespace}/${metadata.name}` });
  lookup.asked.add('K8sGatewayClass/*');
  const found: IstioCheck[] = [];
  if (!isIstioClass(lookup.home, gatewayClassName)) {
    const classes = lookup.home.list('K8sGatewayClass');
    const known = classes.length > 0 ? classes.map((one) => one.metadata.name) : istioClasses;
    found.push(
      check('KIA1504', 'spec/gatewayClassName', { detail: `${gatewayClassName}; known: ${known.join(', ')}` }),
    );
  }
  for (const [index, listener] of (listeners as any[]).entries()) {
    const path = `spec/listeners[${index}]`;
    if ((listeners as any[]).some((one, at) => at !== index && keyOf(one) === keyOf(listener)))
      found.push(check('KIA1503', path, { detail: keyOf(listener) }));
    const twin = others.find(
      (one) =>
        one['spec']?.gatewayClassName === gatewayClassName &&
        (one['spec']?.listeners ?? []).some((other: any) => keyOf(other) === keyOf(listener)) &&
        sharesAddress(one['spec']?.addresses, addresses),
    );
    if (twin) found.push(check('KIA1501', path, nameOf(twin)));
  }
  for (const [index, { value }] of (addresses as any[]).entries()) {
    const twin = others.find((one) => (one['spec']?.addresses ?? []).some((other: any) => other.value === value));
    if (twin) found.push(check('KIA1502', `spec/addresses[${index}]`, nameOf(twin)));
  }
  return [...found, ...conditions(object)];
}

/** Istio gives each Gateway a load balancer of its own, unless both name one. */
const sharesAddress = (one: any[] = [], other: any[] = []): boolean =>
  (one.length === 0 && other.length === 0) || one.some((mine) => other.some((its) => its.value === mine.value));

const good = ['Accepted', 'Programmed', 'Ready', 'Scheduled', 'ResolvedRefs'];
const bad = ['Conflicted', 'Detached'];
/** These pass by themselves. */
const waiting = ['Pending', 'AddressNotAssigned', 'AddressNotUsable', 'ListenersNotValid', 'WaitingForController'];

function conditions({ ['status']: status, ['spec']: spec }: KubeObject): IstioCheck[] {
  const judge = (all: any[], path: string): IstioCheck[] =>
    all
      .filter(
        ({ type, status: is, reason }) =>
          ((good.includes(type) && is === 'False') || (bad.includes(type) && is === 'True')) &&
          !waiting.includes(reason),
      )
      .map(({ type, reason, message }) => check('GWAPI', path, { detail: `${type}: ${reason}, ${message ?? ''}` }));
  const names: string[] = (spec?.listeners ?? []).map((one: any) => one.name);
  return [
    ...judge(status?.conditions ?? [], 'status/conditions'),
    ...(status?.listeners ?? []).flatMap((one: any) =>
      judge(one.conditions ?? [], `spec/listeners[${Math.max(0, names.indexOf(one.name))}]`),
    ),
  ];
}

/** Routes of any protocol. */
export function checkRoute(kind: string): (object: KubeObject, lookup: Lookup) => IstioCheck[] {
  return (object, lookup) => [...parents(kind, object, lookup), ...backends(kind, object, lookup)];
}

function parents(kind: string, object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  return ((object['spec']?.parentRefs ?? []) as any[]).flatMap((parent, index) => {
    const path = `spec/parentRefs[${index}]`;
    const space = parent.namespace ?? namespace;
    const detail = { detail: `${space}/${parent.name}` };
    if ((parent.kind ?? 'Gateway') === 'Service')
      return lookup.all('Service', space).some(({ object: one }) => one.metadata.name === parent.name)
        ? []
        : [check('KIA1402', path, detail)];
    if ((parent.kind ?? 'Gateway') !== 'Gateway') return [];
    const gateway = lookup.beside('K8sGateway', space).find((one) => one.metadata.name === parent.name);
    const listeners: any[] = (gateway?.['spec']?.listeners ?? []).filter(
      (one: any) =>
        (!parent.sectionName || one.name === parent.sectionName) && (!parent.port || one.port === parent.port),
    );
    return listeners.some((one) => admits(one.allowedRoutes, namespace, space, kind, lookup))
      ? []
      : [check('KIA1401', path, detail)];
  });
}

function admits(allowed: any, namespace: string, own: string, kind: string, lookup: Lookup): boolean {
  const kinds: any[] = allowed?.kinds ?? [];
  if (kinds.length > 0 && !kinds.some((one) => one.kind === kind)) return false;
  const { from = 'Same', selector } = allowed?.namespaces ?? {};
  if (from === 'All') return true;
  if (from === 'Same') return namespace === own;
  const labels = lookup.namespaceLabels(lookup.home, namespace);
  const matchLabels = Object.entries<string>(selector?.matchLabels ?? {});
  return matchLabels.every(([key, value]) => labels[key] === value) && (selector?.matchExpressions ?? []).every(fits);

  function fits({ key, operator, values = [] }: any): boolean {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const isIn = value !== undefined && values.includes(value);
    return operator === 'NotIn' ? !isIn : isIn;
  }
}

function backends(kind: string, object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  return ((object['spec']?.rules ?? []) as any[]).flatMap((rule, at) =>
    ((rule.backendRefs ?? []) as any[]).flatMap((backend, index) => {
      if ((backend.group ?? '') !== '' || (backend.kind ?? 'Service') !== 'Service') return [];
      const space = backend.namespace ?? namespace;
      const path = `spec/rules[${at}]/backendRefs[${index}]`;
      const exists = lookup.all('Service', space).some(({ object: one }) => one.metadata.name === backend.name);
      if (!exists) return [check('KIA1402', path, { detail: `${space}/${backend.name}` })];
      return space === namespace || isGranted(kind, namespace, space, backend.name, lookup)
        ? []
        : [check('KIA1402', path, { detail: `no ReferenceGrant of ${space} permits it` })];
    }),
  );
}

function isGranted(kind: string, from: string, to: string, service: string, lookup: Lookup): boolean {
  return lookup
    .beside('K8sReferenceGrant', to)
    .some(
      ({ ['spec']: spec }) =>
        (spec?.from ?? []).some((one: any) => one.kind === kind && one.namespace === from) &&
        (spec?.to ?? []).some((one: any) => one.kind === 'Service' && (!one.name || one.name === service)),
    );
}

export function checkReferenceGrant(object: KubeObject, lookup: Lookup): IstioCheck[] {
  return ((object['spec']?.from ?? []) as any[]).flatMap(({ namespace = '' }, index) =>
    lookup.hasNamespace(namespace) ? [] : [check('KIA1601', `spec/from[${index}]/namespace`, { detail: namespace })],
  );
}
