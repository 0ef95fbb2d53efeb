/**
 * What wizards share. A wizard turns what somebody chose in a form into Istio's objects, as text that can be shown and tried before it is
 * written. Nothing of Node.js is used here: browsers run it. What a wizard is not about stays as it is in an object that is there already.
 */

export interface ConfigObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; labels?: Record<string, string>; [field: string]: unknown };
  spec: Record<string, any>;
}

/** A service by its name in Kubernetes; `domain` is that of its cluster, cluster.local without it. */
export interface WizardService {
  namespace: string;
  name: string;
  domain?: string;
}

/** Workloads that are told apart by labels: a subset of Istio's. */
export interface WizardVersion {
  subset: string;
  labels: Record<string, string>;
}

/** Objects that are about the service already; what is given is changed instead of made anew. */
export interface Existing {
  virtualService?: ConfigObject;
  destinationRule?: ConfigObject;
}

export interface WizardChange {
  action: 'create' | 'update';
  object: ConfigObject;
}

/** A mistake in the form, by the field that it is in, as in `routes[1].weight`. */
export interface WizardMistake {
  field: string;
  message: string;
}

/** In the order in which they are to be written: subsets before routes that name them. None while there are mistakes. */
export interface WizardResult {
  changes: WizardChange[];
  mistakes: WizardMistake[];
}

export const networking = 'networking.istio.io/v1';
export const security = 'security.istio.io/v1';

/** Says in the cluster by what an object was made. */
const wizardLabel = 'isthmus.dev/wizard';

export const hostOf = ({ name, namespace, domain = 'cluster.local' }: WizardService): string =>
  `${name}.${namespace}.svc.${domain}`;

export const resultOf = (mistakes: WizardMistake[], changes: () => WizardChange[]): WizardResult =>
  mistakes.length > 0 ? { changes: [], mistakes } : { changes: changes(), mistakes };

/** The object that is there with another spec, or a new one. */
export function written(
  existing: ConfigObject | undefined,
  made: { apiVersion: string; kind: string; namespace: string; name: string; wizard: string },
  spec: Record<string, any>,
): WizardChange {
  if (existing) return { action: 'update', object: { ...existing, spec } };
  const { apiVersion, kind, namespace, name, wizard } = made;
  return {
    action: 'create',
    object: { apiVersion, kind, metadata: { name, namespace, labels: { [wizardLabel]: wizard } }, spec },
  };
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

export const nameMistakes = (field: string, name: string): WizardMistake[] =>
  name.length <= 253 && name.split('.').every((part) => dnsLabel.test(part))
    ? []
    : [{ field, message: 'a name has lower case letters, digits and -, and begins and ends with a letter or digit' }];

/** Protocol buffers' durations as Istio writes them: `1.5s`, `100ms`, `1h30m`; at least a millisecond. */
export const durationMistakes = (field: string, text: string | undefined): WizardMistake[] =>
  text === undefined || (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text) && /[1-9]/.test(text))
    ? []
    : [{ field, message: 'a duration is written as 500ms, 10s or 1m30s' }];

export function rangeMistakes(
  field: string,
  value: number | undefined,
  [least, most]: [number, number],
  isWhole = true,
): WizardMistake[] {
  if (value === undefined || (value >= least && value <= most && (!isWhole || Number.isInteger(value)))) return [];
  const numbers = isWhole ? 'a whole number' : 'a number';
  return [
    {
      field,
      message:
        most === Number.POSITIVE_INFINITY ? `${numbers} from ${least} on` : `${numbers} from ${least} to ${most}`,
    },
  ];
}
