/** What an installer renders, as objects that can be applied again and again. */
import { parseDocument } from 'yaml';
import type { Mesh, MeshCluster } from '../../spec/index.ts';
import type { DesiredObject } from '../part.ts';
import { renderManifest } from './installer.ts';

/** Renderings of a mesh, by cluster and gateway address: several parts ask for the same. */
const rendered = new WeakMap<Mesh, Map<string, Promise<DesiredObject[]>>>();

export function istioObjects(mesh: Mesh, cluster: MeshCluster, gatewayAddress?: string): Promise<DesiredObject[]> {
  const known = rendered.get(mesh) ?? new Map<string, Promise<DesiredObject[]>>();
  rendered.set(mesh, known);
  const key = `${cluster.name}/${gatewayAddress ?? ''}`;
  const objects = known.get(key) ?? renderManifest(mesh, cluster, gatewayAddress).then(objectsOf);
  known.set(key, objects);
  return objects;
}

/** Definitions are most of the text and the same for all clusters: each text is parsed once. */
const parsed = new Map<string, DesiredObject | undefined>();

export function objectsOf(manifest: string): DesiredObject[] {
  return manifest
    .split(/^---.*$/m)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => {
      if (!parsed.has(text)) parsed.set(text, usable(parseDocument(text, { merge: false }).toJS()));
      return parsed.get(text);
    })
    .filter((object) => object !== undefined);
}

/** Without what others write later, so that it is not taken from them, and without namespaces, which have a part of their own. */
function usable(object: any): DesiredObject | undefined {
  if (!object?.kind || object.kind === 'Namespace') return undefined;
  const { status: _status, ...stated } = object;
  delete stated.metadata.creationTimestamp;
  for (const webhook of stated.webhooks ?? [])
    if (!webhook.clientConfig?.caBundle) delete webhook.clientConfig?.caBundle;
  return stated;
}

export const isDefinition = (object: DesiredObject): boolean => object.kind === 'CustomResourceDefinition';

/** The account by which a primary's istiod reads the cluster, and its rights: a remote needs them before anything else. */
export const isReader = (object: DesiredObject): boolean =>
  ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'].includes(object.kind) &&
  (object.metadata.name ?? '').startsWith('istio-reader-');

/** The version in which Istio's networking objects are written: before Istio 1.22 there was no v1. */
export function networkingVersion(definitions: DesiredObject[]): string {
  const gateways = definitions.find(({ metadata }) => metadata.name === 'gateways.networking.istio.io');
  const served: any[] = (gateways?.['spec']?.versions ?? []).filter((one: any) => one.served);
  const names = served.map((one) => one.name);
  return `networking.istio.io/${names.length === 0 || names.includes('v1') ? 'v1' : 'v1beta1'}`;
}
