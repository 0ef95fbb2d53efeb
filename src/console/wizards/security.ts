/** Who may speak to workloads, and whether only by mutual TLS. */
import type { ConfigObject } from './objects.ts';

/** Labels of the workloads; undefined for all of the namespace. */
export type Selector = Record<string, string> | undefined;

export type TlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** Istio takes one PeerAuthentication of a namespace; by custom it is called `default`. */
export function mutualTls(
  { namespace, selector, name = 'default' }: { namespace: string; selector?: Selector; name?: string },
  mode: TlsMode,
  existing?: ConfigObject,
): ConfigObject[] {
  const object: ConfigObject = existing
    ? structuredClone(existing)
    : {
        apiVersion: 'security.istio.io/v1',
        kind: 'PeerAuthentication',
        metadata: { name, namespace },
        spec: selector ? { selector: { matchLabels: selector } } : {},
      };
  object.spec['mtls'] = { mode };
  return [object];
}

export interface Authorization {
  name: string;
  namespace: string;
  selector?: Selector;
  action: 'ALLOW' | 'DENY';
  /** As in `cluster.local/ns/sample/sa/curl`; `*` at an end stands for anything. Empty: whoever. */
  principals: string[];
  namespaces: string[];
  methods: string[];
  paths: string[];
}

/** One rule: sources and operations must both fit; a list that is empty fits all. */
export function authorizationPolicy(of: Authorization): ConfigObject[] {
  const source = { ...listed('principals', of.principals), ...listed('namespaces', of.namespaces) };
  const operation = { ...listed('methods', of.methods), ...listed('paths', of.paths) };
  const rule = {
    ...(Object.keys(source).length > 0 ? { from: [{ source }] } : {}),
    ...(Object.keys(operation).length > 0 ? { to: [{ operation }] } : {}),
  };
  return [
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: of.name, namespace: of.namespace },
      spec: {
        ...(of.selector ? { selector: { matchLabels: of.selector } } : {}),
        action: of.action,
        rules: [rule],
      },
    },
  ];
}

const listed = (key: string, values: string[]): Record<string, string[]> =>
  values.length > 0 ? { [key]: values } : {};

/** What is wrong with it, or undefined. */
export function authorizationMistake({ name, principals, paths, action, ...of }: Authorization): string | undefined {
  if (!isObjectName(name)) return 'The name is of small letters, digits and dashes.';
  if (principals.some((one) => one.startsWith('spiffe://')))
    return 'A principal is written without spiffe://, as in cluster.local/ns/sample/sa/curl.';
  if (paths.some((path) => !/^[/*{]/.test(path))) return 'A path begins with / or *.';
  const isEmpty = [principals, paths, of.namespaces, of.methods].every((list) => list.length === 0);
  if (action === 'DENY' && isEmpty) return 'It would deny every request; name a source, a method or a path.';
  return undefined;
}

export const isObjectName = (name: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name);
