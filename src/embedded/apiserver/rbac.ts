/** Role-based access control, evaluated on the live role and binding objects. */
import type { KubeObject } from '../../kube/index.ts';
import type { Storage } from './storage.ts';

export interface User {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

export interface Attributes {
  verb: string;
  /** Set for requests on resources. */
  group?: string;
  /** `pods` or `pods/log`. */
  resource?: string;
  namespace?: string | undefined;
  name?: string | undefined;
  /** Set for all other requests. */
  path?: string;
}

const rbac = 'rbac.authorization.k8s.io/';

export function isAllowed(storage: Storage, user: User, attributes: Attributes): boolean {
  if (user.groups.includes('system:masters')) return true;
  for (const rule of rulesFor(storage, user, attributes.namespace)) if (ruleAllows(rule, attributes)) return true;
  return false;
}

/** Rules that apply to a user everywhere and, if a namespace is given, in it. */
export function* rulesFor(storage: Storage, user: User, namespace: string | undefined): Generator<any> {
  for (const { object } of storage.list(`${rbac}clusterrolebindings`))
    if (concerns(object, user, undefined)) yield* clusterRules(storage, object['roleRef']?.name);
  if (!namespace) return;
  for (const { object } of storage.list(`${rbac}rolebindings`, namespace)) {
    if (!concerns(object, user, namespace)) continue;
    const { kind, name } = object['roleRef'] ?? {};
    if (kind === 'ClusterRole') yield* clusterRules(storage, name);
    else yield* storage.get(`${rbac}roles`, namespace, name)?.object['rules'] ?? [];
  }
}

function* clusterRules(storage: Storage, name: string): Generator<any> {
  const role = storage.get(`${rbac}clusterroles`, undefined, name)?.object;
  yield* role?.['rules'] ?? [];
  const selectors: any[] = role?.['aggregationRule']?.clusterRoleSelectors ?? [];
  if (selectors.length === 0) return;
  for (const { object } of storage.list(`${rbac}clusterroles`)) {
    const labels = object.metadata.labels ?? {};
    const chosen = selectors.some((selector) =>
      Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value),
    );
    if (chosen && object.metadata.name !== name) yield* object['rules'] ?? [];
  }
}

function concerns(binding: KubeObject, user: User, bindingNamespace: string | undefined): boolean {
  return (binding['subjects'] ?? []).some((subject: any) => {
    if (subject.kind === 'User') return subject.name === user.username || subject.name === '*';
    if (subject.kind === 'Group') return user.groups.includes(subject.name);
    return user.username === `system:serviceaccount:${subject.namespace ?? bindingNamespace}:${subject.name}`;
  });
}

function ruleAllows(rule: any, attributes: Attributes): boolean {
  if (!matches(rule.verbs, attributes.verb)) return false;
  if (attributes.path !== undefined)
    return (rule.nonResourceURLs ?? []).some(
      (url: string) =>
        url === '*' || url === attributes.path || (url.endsWith('*') && attributes.path!.startsWith(url.slice(0, -1))),
    );
  if (!matches(rule.apiGroups, attributes.group ?? '')) return false;
  const resource = attributes.resource ?? '';
  const [, subresource] = resource.split('/');
  const resources: string[] = rule.resources ?? [];
  if (
    !resources.some(
      (one) => one === '*' || one === resource || (subresource !== undefined && one === `*/${subresource}`),
    )
  )
    return false;
  const names: string[] = rule.resourceNames ?? [];
  return names.length === 0 || (attributes.name !== undefined && names.includes(attributes.name));
}

const matches = (list: string[] | undefined, value: string): boolean =>
  (list ?? []).some((one) => one === '*' || one === value);

/** The sentence with which Kubernetes refuses. */
export function refusal(user: User, attributes: Attributes): string {
  if (attributes.path !== undefined)
    return `forbidden: User "${user.username}" cannot ${attributes.verb} path "${attributes.path}"`;
  const resource = attributes.resource ?? '';
  const group = attributes.group ?? '';
  const plural = resource.split('/')[0]!;
  const target = group ? `${plural}.${group}` : plural;
  const scope = attributes.namespace ? ` in the namespace "${attributes.namespace}"` : ' at the cluster scope';
  const name = attributes.name ? ` "${attributes.name}"` : '';
  return `${target}${name} is forbidden: User "${user.username}" cannot ${attributes.verb} resource "${resource}" in API group "${group}"${scope}`;
}
