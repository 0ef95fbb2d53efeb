/** To which namespaces an object shows itself: its exportTo, else the mesh's default for its kind, else everywhere. */
import type { MeshSnapshot } from '../model.ts';

type Exported = 'Service' | 'VirtualService' | 'DestinationRule';

export function isExportedTo(
  snapshot: MeshSnapshot,
  kind: Exported,
  { exportTo, namespace }: { exportTo: readonly string[] | undefined; namespace: string },
  viewer: string,
): boolean {
  const stated = exportTo?.length
    ? exportTo
    : (snapshot.meshConfig.raw[`default${kind}ExportTo`] as string[] | undefined);
  if (!stated?.length) return true;
  return stated.some((one) => one === '*' || one === viewer || (one === '.' && namespace === viewer));
}
