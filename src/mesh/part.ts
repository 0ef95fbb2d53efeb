/** What every part of a mesh is: objects to apply in one cluster, what must stand before, and when it is ready. */
import type { KubeClient, KubeConnection, KubeObject } from '../kube/index.ts';
import type { Mesh, MeshCluster } from '../spec/index.ts';
import type { Waiter } from './wait.ts';

/** A cluster as reconcile needs it: how we reach it, and how other clusters do. */
export interface MeshTarget {
  name: string;
  connection: KubeConnection;
  /** Address of the API server for other clusters. */
  internalServer: string;
}

/** Where a generated root is kept between runs: outside of the clusters, as Istio advises. */
export interface TrustStore {
  load(): Promise<{ certPem: string; keyPem: string } | undefined>;
  save(root: { certPem: string; keyPem: string }): Promise<void>;
  /** The root that is to follow, while a rotation is on its way. */
  loadNext?(): Promise<{ certPem: string; keyPem: string } | undefined>;
}

/** A store in which the root can be rotated. */
export interface RotatingTrustStore extends TrustStore {
  loadNext(): Promise<{ certPem: string; keyPem: string } | undefined>;
  /** @param root undefined when the rotation is over */
  saveNext(root: { certPem: string; keyPem: string } | undefined): Promise<void>;
}

export interface PartContext {
  mesh: Mesh;
  cluster: MeshCluster;
  client: KubeClient;
  /** Client of another cluster of the mesh. */
  clientOf(cluster: string): KubeClient;
  targetOf(cluster: string): MeshTarget;
  trust: TrustStore;
  /** Waits by watch, and says what for. */
  wait: Waiter;
}

/** Objects for a cluster; those without `cluster` go to the part's own. */
export type DesiredObject = KubeObject & { apiVersion: string; kind: string };

export interface Placed {
  cluster: string;
  object: DesiredObject;
  /** Why an object that somebody else has made does not serve in its place; undefined when it does, and is then left as it is. */
  fits?: ((existing: KubeObject) => string | undefined) | undefined;
}

/** A program that is run to render objects: by itself it changes nothing. */
export interface PartCommand {
  /** Its arguments too; nothing in it is secret. */
  command: string[];
  why: string;
}

export interface PartPlace {
  part: string;
  cluster: string;
}

export interface Part {
  name: string;
  /** Whether the cluster has the part. */
  applies(mesh: Mesh, cluster: MeshCluster): boolean;
  /** The cluster that it is told of, where that is not the one whose place in the order it takes. */
  place?(mesh: Mesh): string;
  /** What must be ready before: in the same cluster, or in others. */
  needs(mesh: Mesh, cluster: MeshCluster): PartPlace[];
  desired(context: PartContext): Promise<Placed[]> | Placed[];
  /** What bringing it up runs, as a plan tells it: the same command lines. */
  commands?(context: PartContext): Promise<PartCommand[]> | PartCommand[];
  /** Returns when the part is ready; each wait says its reason through `context.wait`. */
  ready(context: PartContext): Promise<void>;
}

export const fieldManager = 'isthmus';
export const systemNamespace = 'istio-system';
export const istioHub = 'docker.io/istio';
export const istioVersion = '1.31.0';

/** Places objects in the context's own cluster. */
export const here = (context: PartContext, objects: DesiredObject[]): Placed[] =>
  objects.map((object) => ({ cluster: context.cluster.name, object }));
