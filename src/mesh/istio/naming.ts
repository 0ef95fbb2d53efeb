/** Names of Istio's objects, which carry the revision unless it is the default one. */
import type { Mesh } from '../../spec/index.ts';

const suffixed = (name: string, mesh: Mesh): string => {
  const revision = revisionOf(mesh);
  return revision === undefined ? name : `${name}-${revision}`;
};

export const isIstio = (mesh: Mesh): boolean => mesh.controlPlane.implementation === 'istio';

/** undefined for the default revision. */
export const revisionOf = ({ controlPlane }: Mesh): string | undefined =>
  controlPlane.istio.revision === 'default' ? undefined : controlPlane.istio.revision;

/** ConfigMap of the mesh's settings. */
export const meshConfigName = (mesh: Mesh): string => suffixed('istio', mesh);

/** Deployment and Service of the control plane. */
export const istiodName = (mesh: Mesh): string => suffixed('istiod', mesh);
export const injectorName = (mesh: Mesh): string => suffixed('istio-sidecar-injector', mesh);

/** The label by which a namespace asks for sidecars. */
export const injectionLabel = (mesh: Mesh): Record<string, string> => {
  const revision = revisionOf(mesh);
  return revision === undefined ? { 'istio-injection': 'enabled' } : { 'istio.io/rev': revision };
};

/** The label by which a pod names its revision; none for the default one. */
export const revisionLabel = (mesh: Mesh): Record<string, string> => {
  const revision = revisionOf(mesh);
  return revision === undefined ? {} : { 'istio.io/rev': revision };
};
