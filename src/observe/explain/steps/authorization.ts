/** Whether the server's proxy lets the client in, and which AuthorizationPolicy says so: by the policies that the proxy has. */
import type { KubeObject } from '../../../kube/index.ts';
import { decision, type IstioConfig, nameText, notRead, referenceOf } from '../config.ts';
import { type EnforcedPolicies, enforcedPolicies } from '../envoy/policies.ts';
import { type AuthorizationDecision, authorize, policiesFor } from '../istio/authorization.ts';
import { selects } from '../istio/hosts.ts';
import { endOf, step, type Trace } from '../trace.ts';
import type { End, Step } from '../types.ts';
import type { Arrival } from './inbound.ts';
import { requestOf } from './route.ts';

export function authorizationStep(
  trace: Trace,
  config: IstioConfig,
  arrival: Arrival,
  at: Step['at'],
  identity: string | undefined,
  chain: any,
  http: boolean,
): [Step, End | undefined] {
  const { pod, port, cluster } = arrival;
  const workload = { namespace: pod.metadata.namespace ?? '', labels: pod.metadata.labels ?? {} };
  const request = requestOf(trace);
  const has = enforcedPolicies(chain);
  const concerned = policiesFor(config.authorizationPolicies, workload, config.rootNamespace);
  const missing = concerned.filter((one) => !isHeld(one, has, http));
  const answer = byProvider(
    authorize(
      concerned.filter((one) => !missing.includes(one) && !isDryRun(one)),
      workload,
      {
        principal: identity?.replace('spiffe://', ''),
        sourceIp: arrival.throughGateway ? undefined : trace.client.object['status']?.podIP,
        port,
        http: http
          ? { host: request.authority, method: request.method, path: request.path, headers: request.headers }
          : undefined,
      },
      config.rootNamespace,
    ),
    has,
  );
  const holder = config.cluster ?? cluster;
  const made = step({
    kind: 'authorization',
    at,
    title: `${answer.verdict === 'depends' ? 'not decided here' : answer.verdict}: ${answer.says}`,
  });
  for (const policy of concerned)
    made.decisions.push(
      decision(
        holder,
        { ...policy, kind: 'AuthorizationPolicy' },
        `${policy['spec']?.action ?? 'ALLOW'}${noteOf(policy, answer, missing)}`,
      ),
    );
  if (has.issuers.length > 0)
    made.details.push(`a token that the request carries must be valid: of ${has.issuers.join(' or ')}`);
  for (const policy of policiesFor(config.requestAuthentications, workload, config.rootNamespace))
    made.decisions.push(decision(holder, { ...policy, kind: 'RequestAuthentication' }, 'whose tokens are valid'));
  made.deviations.push(...notReadHere(config, cluster, workload), ...notEnforced(holder, missing, pod.metadata.name));
  if (missing.length > 0 && missing.length === concerned.length) made.title = 'no policy is enforced';
  if (answer.verdict !== 'denied') return [made, undefined];
  const reference = referenceOf(holder, { ...answer.policy!, kind: 'AuthorizationPolicy' });
  made.deviations.push({
    code: 'authorization-denied',
    severity: 'error',
    message: `${nameText(reference)} does not let ${identity ?? 'a client without identity'} in for ${http ? `${request.method} ${request.path}` : `port ${port}`}: ${answer.says}.`,
    object: reference,
    fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit authorizationpolicy ${reference.name}`,
  });
  return [made, endOf('fails', 'RBAC: access denied', http ? { status: 403, flag: 'RBAC' } : { status: 0 })];
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
const isDryRun = ({ metadata }: KubeObject): boolean =>
  /^(1|t|true)$/i.test(metadata.annotations?.['istio.io/dry-run'] ?? '');

/** Of a policy that allows by HTTP alone a TCP chain has the filter and no rule; providers are asked about HTTP only, too. */
function isHeld(policy: KubeObject, has: EnforcedPolicies, http: boolean): boolean {
  if (has.policies.has(keyOf(policy))) return true;
  const action = policy['spec']?.action ?? 'ALLOW';
  return !http && (action === 'CUSTOM' || (action === 'ALLOW' && has.actions.has('ALLOW')));
}

/** A provider that the control plane does not know denies. */
function byProvider(answer: AuthorizationDecision, { policies }: EnforcedPolicies): AuthorizationDecision {
  const { policy } = answer;
  if (!policy || policies.get(keyOf(policy)) !== 'bad-provider') return answer;
  const name = policy['spec']?.provider?.name ?? '';
  return {
    ...answer,
    verdict: 'denied',
    says: `its provider ${name} is not known to the control plane or cannot be used`,
  };
}

function noteOf(policy: KubeObject, answer: AuthorizationDecision, missing: KubeObject[]): string {
  if (missing.includes(policy)) return ', which the proxy does not have';
  if (isDryRun(policy)) return ', a dry run: it decides nothing';
  return policy === answer.policy ? `, decides: ${answer.says}` : '';
}

const notReadHere = (config: IstioConfig, cluster: string, workload: { namespace: string; labels: any }) =>
  config.elsewhere
    .filter(
      (one) =>
        one.cluster === cluster &&
        one.object.kind === 'AuthorizationPolicy' &&
        [workload.namespace, config.rootNamespace].includes(one.object.metadata.namespace ?? '') &&
        selects(one.object['spec']?.selector?.matchLabels, workload.labels),
    )
    .map((one) => notRead(config, one.cluster, one.object));

function notEnforced(holder: string, missing: KubeObject[], pod: string | undefined): Step['deviations'] {
  return missing.map((policy) => {
    const reference = referenceOf(holder, { ...policy, kind: 'AuthorizationPolicy' });
    return {
      code: 'policy-not-enforced',
      severity: 'warning',
      message: `${nameText(reference)} concerns ${pod}, whose proxy does not have it in its RBAC filters: the proxy is behind, or the control plane can make no rule of the policy. It decides nothing.`,
      object: reference,
    };
  });
}
