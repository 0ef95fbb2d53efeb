/** Links between pages. Every link to an entity has its cluster in the path: a name alone says nothing in a mesh of several clusters. */
import type { ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import type { ObjectKey } from '../../api.ts';
import { scoped } from './scope.ts';

export type EntityKind = 'workloads' | 'applications' | 'services';

export interface EntityKey {
  cluster: string;
  namespace: string;
  name: string;
}

export const entityHref = (kind: EntityKind, { cluster, namespace, name }: EntityKey): string =>
  `/clusters/${encodeURIComponent(cluster)}/namespaces/${encodeURIComponent(namespace)}/${kind}/${encodeURIComponent(name)}`;

/** Objects of Istio's and the Gateway API have a page; others do not. */
export function objectHref(object: ObjectKey): string | undefined {
  const [group, version] = object.apiVersion.split('/');
  const at = `/clusters/${encodeURIComponent(object.cluster)}/namespaces/${encodeURIComponent(object.namespace)}`;
  if (object.kind === 'Service' && object.apiVersion === 'v1') return `${at}/services/${object.name}`;
  if (['Deployment', 'StatefulSet', 'DaemonSet'].includes(object.kind)) return `${at}/workloads/${object.name}`;
  if (!version || !/(^|\.)(istio\.io|gateway\.networking\.k8s\.io)$/.test(group ?? '')) return undefined;
  return `${at}/istio/${group}/${version}/${object.kind}/${object.name}`;
}

/** The kinds of Istio's configuration, with the version that Isthmus reads them in. */
export const istioApiVersions: Record<string, string> = {
  ...Object.fromEntries(
    ['Gateway', 'VirtualService', 'DestinationRule', 'ServiceEntry', 'WorkloadEntry', 'WorkloadGroup', 'Sidecar'].map(
      (kind) => [kind, 'networking.istio.io/v1'],
    ),
  ),
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  ProxyConfig: 'networking.istio.io/v1beta1',
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
  WasmPlugin: 'extensions.istio.io/v1alpha1',
};

/** The page of an object of which no version is told, as the doctor names it; undefined where it has none. */
export function foundHref(object: { cluster: string; kind: string; namespace?: string; name: string }) {
  const { cluster, kind, namespace, name } = object;
  if (namespace === undefined) return undefined;
  const apiVersion = kind === 'Service' ? 'v1' : (istioApiVersions[kind] ?? '');
  return objectHref({ cluster, kind, namespace, name, apiVersion });
}

export function useScoped(): (path: string) => string {
  const search = useSearch();
  return (path) => scoped(path, search);
}

interface PageLinkProps {
  to: string;
  children: ReactNode;
  className?: string;
}

/** Goes to a page and takes the scope along. */
export function PageLink({ to, children, className }: PageLinkProps) {
  const href = useScoped();
  return (
    <Link href={href(to)} className={className ?? 'ist-link'}>
      {children}
    </Link>
  );
}

export function EntityLink({ kind, entity }: { kind: EntityKind; entity: EntityKey }) {
  return <PageLink to={entityHref(kind, entity)}>{entity.name}</PageLink>;
}

/** Kind and name of an object, as a link where there is a page. */
export function ObjectLink({ object, withPlace = true }: { object: ObjectKey; withPlace?: boolean }) {
  const href = objectHref(object);
  const text = `${object.kind} ${withPlace ? `${object.cluster}/${object.namespace}/` : ''}${object.name}`;
  return href ? <PageLink to={href}>{text}</PageLink> : <span>{text}</span>;
}
