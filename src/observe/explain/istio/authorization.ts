/**
 * AuthorizationPolicy: whether a request would be let in. Some conditions are about what is not known here (tokens, other headers): the
 * answer is then `depends`, and says on what.
 */
import type { KubeObject } from '../../../kube/index.ts';
import { isInRange } from '../envoy/listeners.ts';
import { inIstiosOrder, selects } from './hosts.ts';

export interface AuthorizedRequest {
  /** `cluster.local/ns/x/sa/y`, without the scheme; undefined for plain text, which has no identity. */
  principal: string | undefined;
  sourceIp: string | undefined;
  http: { host: string; method: string; path: string; headers: Record<string, string> } | undefined;
  /** Port on which the workload listens. */
  port: number;
}

export interface AuthorizationDecision {
  verdict: 'allowed' | 'denied' | 'depends';
  /** The policy that decides; undefined when there is none for the workload. */
  policy: KubeObject | undefined;
  says: string;
  /** All that concern the workload. */
  policies: KubeObject[];
}

/** Yes, no, or the reason why it is not known. */
type Fits = true | false | string;

export function authorize(
  all: readonly KubeObject[],
  workload: { namespace: string; labels: Record<string, string> },
  request: AuthorizedRequest,
  rootNamespace: string,
): AuthorizationDecision {
  const policies = policiesFor(all, workload, rootNamespace);
  const of = (action: string) => policies.filter((one) => (one['spec']?.action ?? 'ALLOW') === action);
  const unsure: { policy: KubeObject; why: string }[] = [];
  const first = (list: KubeObject[]): { policy: KubeObject; says: string } | undefined => {
    for (const policy of list) {
      const fit = policyFits(policy, request);
      if (fit.fits === true) return { policy, says: fit.field };
      if (typeof fit.fits === 'string') unsure.push({ policy, why: fit.fits });
    }
    return undefined;
  };
  const answer = (verdict: AuthorizationDecision['verdict'], policy: KubeObject | undefined, says: string) => ({
    verdict,
    policy,
    says,
    policies,
  });
  const custom = first(of('CUSTOM'));
  if (custom)
    return answer(
      'depends',
      custom.policy,
      `${custom.says} asks the provider ${custom.policy['spec'].provider?.name ?? ''}`,
    );
  const deny = first(of('DENY'));
  if (deny) return answer('denied', deny.policy, `${deny.says} fits and denies`);
  const [doubt] = unsure;
  const allows = of('ALLOW');
  const allow = first(allows);
  if (doubt) return answer('depends', doubt.policy, doubt.why);
  if (allow) return answer('allowed', allow.policy, `${allow.says} fits and allows`);
  const [maybe] = unsure;
  if (maybe) return answer('depends', maybe.policy, maybe.why);
  if (allows.length > 0)
    return answer('denied', allows[0], 'there are policies that allow, and none of their rules fits');
  return answer(
    'allowed',
    undefined,
    policies.length === 0 ? 'no AuthorizationPolicy concerns the workload' : 'no policy denies',
  );
}

export function policiesFor(
  all: readonly KubeObject[],
  workload: { namespace: string; labels: Record<string, string> },
  rootNamespace: string,
): KubeObject[] {
  return inIstiosOrder(all).filter(
    ({ metadata, ...one }) =>
      (metadata.namespace === rootNamespace || metadata.namespace === workload.namespace) &&
      // Policies with targets are for gateways and waypoints.
      !one['spec']?.targetRef &&
      !one['spec']?.targetRefs?.length &&
      selects(one['spec']?.selector?.matchLabels, workload.labels),
  );
}

function policyFits(policy: KubeObject, request: AuthorizedRequest): { fits: Fits; field: string } {
  const rules: any[] = policy['spec']?.rules ?? [];
  const denies = policy['spec']?.action === 'DENY';
  let doubt: string | undefined;
  for (const [index, rule] of rules.entries()) {
    const fits = all([
      any(rule?.from, (one) => sourceFits(one.source ?? {}, request)),
      any(rule?.to, (one) => operationFits(one.operation ?? {}, request, denies)),
      ...(rule?.when ?? []).map((one: any) => conditionFits(one, request, denies)),
    ]);
    if (fits === true) return { fits, field: `spec.rules[${index}]` };
    if (typeof fits === 'string') doubt ??= `whether spec.rules[${index}] fits depends on ${fits}`;
  }
  return { fits: doubt ?? false, field: 'spec.rules' };
}

const all = (list: Fits[]): Fits =>
  list.includes(false) ? false : (list.find((one) => typeof one === 'string') ?? true);
const either = (list: Fits[]): Fits =>
  list.includes(true) ? true : (list.find((one) => typeof one === 'string') ?? false);
const any = (list: any[] | undefined, fit: (one: any) => Fits): Fits => (list?.length ? either(list.map(fit)) : true);

/** Both lists of a field: one of the first, none of the second. */
function lists(
  source: any,
  field: string,
  value: string | undefined,
  matches: (pattern: string, value: string) => boolean = textFits,
): Fits {
  const opposite = `not${field[0]!.toUpperCase()}${field.slice(1)}`;
  const wanted: string[] = source[field] ?? [];
  const unwanted: string[] = source[opposite] ?? [];
  return (
    (wanted.length === 0 || (value !== undefined && wanted.some((one) => matches(one, value)))) &&
    !(value !== undefined && unwanted.some((one) => matches(one, value)))
  );
}

/** `*` is any value that is not empty; else exact, or with a star at one end. */
function textFits(pattern: string, value: string): boolean {
  if (pattern === '*') return value !== '';
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  if (pattern.endsWith('*')) return value.startsWith(pattern.slice(0, -1));
  return pattern === value;
}

const rangeFits = (range: string, address: string): boolean => {
  const [prefix = '', length] = range.split('/');
  return isInRange(address, prefix, length === undefined ? 32 : Number(length));
};

function sourceFits(source: any, { principal, sourceIp }: AuthorizedRequest): Fits {
  const [, namespace, account] = /\/ns\/([^/]+)\/sa\/(.+)$/.exec(principal ?? '') ?? [];
  const unknown = ['requestPrincipals', 'notRequestPrincipals'].some((one) => source[one]?.length)
    ? 'the token that the request carries'
    : ['remoteIpBlocks', 'notRemoteIpBlocks'].some((one) => source[one]?.length)
      ? 'the address in X-Forwarded-For'
      : undefined;
  return all([
    lists(source, 'principals', principal),
    lists(source, 'namespaces', namespace),
    lists(
      source,
      'serviceAccounts',
      account && `${namespace}/${account}`,
      (pattern, value) => pattern === value || pattern === account,
    ),
    sourceIp === undefined && (source.ipBlocks?.length || source.notIpBlocks?.length)
      ? 'the address that the server sees'
      : lists(source, 'ipBlocks', sourceIp, rangeFits),
    unknown ?? true,
  ]);
}

/** On a TCP port what is about HTTP never fits in a rule that allows, and is left out of one that denies. */
function operationFits(operation: any, { http, port }: AuthorizedRequest, denies: boolean): Fits {
  const ports = lists(operation, 'ports', String(port));
  const asksHttp = ['hosts', 'methods', 'paths', 'notHosts', 'notMethods', 'notPaths'].some(
    (one) => operation[one]?.length,
  );
  if (!http) return asksHttp && !denies ? false : ports;
  const host = (pattern: string, value: string) => textFits(pattern.toLowerCase(), value.toLowerCase());
  return all([
    ports,
    lists(
      operation,
      'hosts',
      http.host,
      (pattern, value) => host(pattern, value) || host(pattern, value.replace(/:\d+$/, '')),
    ),
    lists(operation, 'methods', http.method),
    lists(operation, 'paths', http.path.split('?')[0]),
  ]);
}

function conditionFits(condition: any, request: AuthorizedRequest, denies: boolean): Fits {
  const key = String(condition.key);
  const of = (value: string | undefined, fit?: (pattern: string, value: string) => boolean) =>
    lists({ values: condition.values, notValues: condition.notValues }, 'values', value, fit);
  const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1]?.toLowerCase();
  if (header !== undefined) {
    if (!request.http) return denies;
    return of(request.http.headers[header]);
  }
  if (key === 'source.principal') return of(request.principal);
  if (key === 'source.namespace') return of(/\/ns\/([^/]+)\//.exec(request.principal ?? '')?.[1]);
  if (key === 'destination.port') return of(String(request.port));
  if (key === 'source.ip')
    return request.sourceIp === undefined ? 'the address that the server sees' : of(request.sourceIp, rangeFits);
  return `${key}, which is not known here`;
}
