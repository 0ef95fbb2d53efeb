/**
 * The mesh file: its shape, its defaults, its mistakes with line and column, its JSON Schema. It knows text and plain data only: no
 * cluster, no process, and of the disk no more than whether the files that a mesh file names exist.
 */
export { defaultAddresses, defaultMesh, freeAddresses } from './defaults.ts';
export { addCluster, removeCluster, setRevision } from './edit.ts';
export { renderExample } from './example.ts';
export { formatRange, parseCidr } from './ipv4.ts';
export { meshJsonSchema } from './json-schema.ts';
export {
  type ClusterProvider,
  type ClusterRole,
  crossesNetworks,
  type EmbeddedMeshCluster,
  hasGateway,
  type ImageProgram,
  type IntermediateFiles,
  isEmbedded,
  isReadByOthers,
  type KialiInstallation,
  type Mesh,
  type MeshCluster,
  type MeshTrust,
  managementClusterOf,
  primariesOf,
  readersOf,
  remotesOf,
} from './mesh.ts';
export { type ParseOptions, parseMesh } from './parse.ts';
export { formatProblem, type Problem } from './problem.ts';
