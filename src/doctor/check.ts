/** What a check is, and what it finds. */
import type { KubeObject } from '../kube/index.ts';
import type { Patient } from './patient.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface FoundObject {
  cluster: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface Finding {
  /** Stable, as in ISM201; docs/doctor.md lists them. */
  code: string;
  severity: Severity;
  /** What is wrong, what follows from it, in whole sentences. */
  message: string;
  object?: FoundObject;
  /** Other objects that the message tells of: who may not see those may not read it. */
  beside?: FoundObject[];
  /** What to do, with the exact command where there is one. */
  fix?: string;
}

/** As a check gives it. */
export type Found = Omit<Finding, 'code'>;

export interface Check {
  code: string;
  /** What holds when it finds nothing. */
  title: string;
  run(patient: Patient): Promise<Found[]> | Found[];
}

export function objectOf(cluster: string, object: KubeObject, kind = object.kind ?? ''): FoundObject {
  const { name = '', namespace } = object.metadata;
  return { cluster, kind, ...(namespace ? { namespace } : {}), name };
}

/** As in `Service east/istio-system/istiod`. */
export const textOf = ({ cluster, kind, namespace, name }: FoundObject): string =>
  `${kind} ${[cluster, namespace, name].filter(Boolean).join('/')}`;

/** The command with which an object is dealt with: `kubectl --context east -n sample`. */
export const kubectl = (cluster: string, namespace?: string): string =>
  ['kubectl', '--context', cluster, ...(namespace ? ['-n', namespace] : [])].join(' ');
