/** Whether the server's proxy lets the client in, and which AuthorizationPolicy says so. */
import { decision, type IstioConfig, nameText, notRead, referenceOf } from '../config.ts';
import { filterOf, managerOf } from '../envoy/dump.ts';
import { authorize } from '../istio/authorization.ts';
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
  const namespace = pod.metadata.namespace ?? '';
  const request = requestOf(trace);
  const answer = authorize(
    config.authorizationPolicies,
    { namespace, labels: pod.metadata.labels ?? {} },
    {
      principal: identity?.replace('spiffe://', ''),
      sourceIp: arrival.throughGateway ? undefined : trace.client.object['status']?.podIP,
      port,
      http: http
        ? { host: request.authority, method: request.method, path: request.path, headers: request.headers }
        : undefined,
    },
    config.rootNamespace,
  );
  const made = step({
    kind: 'authorization',
    at,
    title: `${answer.verdict === 'depends' ? 'not decided here' : answer.verdict}: ${answer.says}`,
  });
  const holder = config.cluster ?? cluster;
  for (const policy of answer.policies)
    made.decisions.push(
      decision(
        holder,
        { ...policy, kind: 'AuthorizationPolicy' },
        `${policy['spec']?.action ?? 'ALLOW'}${policy === answer.policy ? `, decides: ${answer.says}` : ''}`,
      ),
    );
  made.deviations.push(
    ...config.elsewhere
      .filter(
        (one) =>
          one.cluster === cluster &&
          one.object.kind === 'AuthorizationPolicy' &&
          [namespace, config.rootNamespace].includes(one.object.metadata.namespace ?? '') &&
          selects(one.object['spec']?.selector?.matchLabels, pod.metadata.labels),
      )
      .map((one) => notRead(config, one.cluster, one.object)),
  );
  const enforced = filterOf(managerOf(chain)?.http_filters, 'RBAC') ?? filterOf(chain.filters, 'RBAC');
  if (answer.policies.length > 0 && !enforced) {
    const reference = referenceOf(holder, { ...(answer.policy ?? answer.policies[0]!), kind: 'AuthorizationPolicy' });
    made.title = `no policy is enforced (by the policies it would be ${answer.verdict})`;
    made.deviations.push({
      code: 'policy-not-enforced',
      severity: 'warning',
      message: `${nameText(reference)} concerns ${pod.metadata.name}, whose proxy has no RBAC filter: its control plane does not turn policies into configuration, or the proxy is behind. Everybody is let in.`,
      object: reference,
    });
    return [made, undefined];
  }
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
