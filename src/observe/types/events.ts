import type { ObjectKey, State } from './common.ts';
import type { LinkKind } from './mesh.ts';

/** Something that changed in the mesh. */
export interface MeshEvent {
  /** Grows with every event of this server's life. */
  id: number;
  time: string;
  cluster: string;
  type: 'added' | 'updated' | 'deleted' | 'link' | 'cluster' | 'kubernetes';
  /** `normal` for what people and controllers do, `warning` for what is wrong. */
  severity: 'normal' | 'warning';
  object?: ObjectKey;
  /** One sentence. */
  message: string;
  /** Field manager of the newest entry of metadata.managedFields, as in `kubectl-edit` or `isthmus`. */
  by?: string;
  /** Paths of what changed, without values of Secrets and ConfigMaps. */
  fields?: string[];
  link?: { id: string; kind: LinkKind; from: string; to: string; state: State; before: State };
}

export interface EventList {
  events: MeshEvent[];
  /** The oldest that is still kept. */
  since: string;
}
