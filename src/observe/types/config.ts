/** Istio's configuration over all clusters, with what is wrong in it. */
import type { ObjectKey, SourceProblem } from './common.ts';

export type Severity = 'error' | 'warning' | 'unknown';

/** One finding. `severity` is Kiali's: `unknown` is what it calls an information. */
export interface IstioCheck {
  /** KIA...., or ISTHMUS.... for those over several clusters that have no code of Kiali's. */
  code: string;
  message: string;
  severity: Severity;
  /** As in spec/http[0]/route[1]/destination/host. */
  path: string;
  /** Ours: what to do. */
  fix?: string;
}

export interface IstioValidation {
  cluster: string;
  namespace: string;
  name: string;
  objectGVK: { Group: string; Version: string; Kind: string };
  valid: boolean;
  checks: IstioCheck[];
  references: {
    objectGVK: { Group: string; Version: string; Kind: string };
    name: string;
    namespace: string;
    cluster: string;
  }[];
}

export interface IstioConfigItem extends ObjectKey {
  createdAt?: string;
  updatedAt?: string;
  /** Who wrote it last, of its managed fields. */
  updatedBy?: string;
  labels: Record<string, string>;
  resourceVersion: string;
  /** false where no control plane reads it: an object in a remote whose istiod reads its configuration in the primary. */
  inEffect: boolean;
  notInEffectWhy?: string;
  /** Of other clusters' objects of the same kind, namespace and name. */
  elsewhere: { cluster: string; same: boolean }[];
  validation: IstioValidation;
}

export interface IstioConfigList {
  items: IstioConfigItem[];
  problems: SourceProblem[];
}

export interface IstioConfigDetails extends IstioConfigItem {
  /** The object without managed fields. */
  resource: Record<string, unknown>;
  yaml: string;
  /** Objects that it names or selects. */
  references: ObjectKey[];
  editable: boolean;
  /** openAPIV3Schema of its CustomResourceDefinition, for completion. */
  schema?: Record<string, unknown>;
}

/** What should be the same in several clusters and is not. */
export interface ConfigDifference {
  kind: string;
  apiVersion: string;
  namespace: string;
  name: string;
  /** Clusters where it is, by the hash of what it says. */
  variants: { clusters: string[]; yaml: string }[];
  missingIn: string[];
  fields: { path: string; values: { cluster: string; value: string }[] }[];
  why: string;
}

export interface ConfigDifferences {
  differences: ConfigDifference[];
  problems: SourceProblem[];
}

/** Answer to POST, PUT and DELETE of an object: what changes, or with dryRun=true would, as the server's own dry run says. */
export interface ConfigChange {
  action: 'create' | 'update' | 'delete';
  dryRun: boolean;
  changed: boolean;
  fields: { path: string; before?: string; after?: string }[];
  before: string;
  after: string;
  /** Findings that the new text would have. */
  checks: IstioCheck[];
}

/** What wizards for a service need to know: its versions in the whole mesh, and what is written about it where. */
export interface ServiceWizardData {
  service: { cluster: string; namespace: string; name: string; domain: string };
  ports: { name: string; port: number; protocol: string; appProtocol?: string }[];
  /** By the label `version`, over all clusters that have the service. */
  versions: {
    subset: string;
    labels: Record<string, string>;
    workloads: { cluster: string; name: string }[];
  }[];
  /** Clusters whose istiod decides about requests to it: an object is to be written to each of them. */
  targets: {
    cluster: string;
    /** Objects whose host is the service alone, the oldest first, as they are to be given to a wizard. */
    virtualServices: Record<string, unknown>[];
    destinationRules: Record<string, unknown>[];
    gateways: string[];
    /** Whether the viewer may write them there. */
    mayCreate: boolean;
    mayUpdate: boolean;
  }[];
}
