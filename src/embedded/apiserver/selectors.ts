/** Label and field selectors of lists and watches. */
import type { KubeObject } from '../../kube/index.ts';
import { badRequest } from './status.ts';

export type Matches = (object: KubeObject) => boolean;

/** A label selector: equality and set terms, all of which must hold. */
export function labelSelector(text: string | undefined): Matches {
  if (!text?.trim()) return () => true;
  const terms = splitTerms(text).map(parseLabelTerm);
  return (object) => terms.every((term) => term(object.metadata.labels ?? {}));
}

/** A LabelSelector object: nothing in it matches all. */
export function matchesLabelSelector(selector: any, labels: Record<string, string>): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const present = key in labels;
    const listed = present && (values ?? []).includes(labels[key]);
    if (operator === 'In' && !listed) return false;
    if (operator === 'NotIn' && listed) return false;
    if (operator === 'Exists' && !present) return false;
    if (operator === 'DoesNotExist' && present) return false;
  }
  return true;
}

function splitTerms(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter(Boolean);
}

const key =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

function parseLabelTerm(term: string): (labels: Record<string, string>) => boolean {
  const named = /^!?\s*([^\s!=(),]+)/.exec(term)?.[1] ?? '';
  if (!key.test(named)) throw badRequest(`unable to parse requirement: <nil>: Invalid value: "${named}": no label key`);
  const set = /^([^\s!=,]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key, operator, list] = set as unknown as [string, string, string, string];
    const values = new Set(list.split(',').map((value) => value.trim()));
    return operator === 'in'
      ? (labels) => key in labels && values.has(labels[key]!)
      : (labels) => !(key in labels) || !values.has(labels[key]!);
  }
  const comparison = /^([^\s!=]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (comparison) {
    const [, key, operator, value] = comparison as unknown as [string, string, string, string];
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  const absent = /^!\s*(\S+)$/.exec(term);
  if (absent) return (labels) => !(absent[1]! in labels);
  if (/^[^\s!=()]+$/.test(term)) return (labels) => term in labels;
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** Field labels beside metadata.name and metadata.namespace, by kind, as the kinds' strategies list them. */
const fields: Record<string, string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  secrets: ['type'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  replicasets: ['status.replicas'],
  replicationcontrollers: ['status.replicas'],
  jobs: ['status.successful'],
  services: ['spec.clusterIP', 'spec.type'],
  certificatesigningrequests: ['spec.signerName'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

/** A field selector; unknown labels are refused as Kubernetes refuses them. */
export function fieldSelector(text: string | undefined, resource: { plural: string; custom?: unknown }): Matches {
  if (!text?.trim()) return () => true;
  const terms = text.split(',').map((term) => {
    const match = /^\s*([^!=\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(term);
    if (!match) throw badRequest(`invalid field selector: ${text}`);
    const [, path, operator, value] = match as unknown as [string, string, string, string];
    if (path !== 'metadata.name' && path !== 'metadata.namespace' && !fields[resource.plural]?.includes(path))
      throw badRequest(`field label not supported: ${path}`);
    return { path: path.split('.'), equal: operator !== '!=', value };
  });
  return (object) =>
    terms.every(({ path, equal, value }) => {
      const found = path.reduce<any>((at, part) => at?.[part], object);
      return (String(found ?? (value === 'false' ? false : '')) === value) === equal;
    });
}
