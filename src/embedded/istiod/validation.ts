/** The validating webhook: what a schema cannot say of Istio's kinds. */
import type { KubeObject } from '../../kube/index.ts';
import { envoyFilterProblems } from './envoy-filter/checks.ts';
import { authorizationPolicyProblems, requestAuthenticationProblems } from './security/checks.ts';
import { telemetryProblems } from './telemetry/checks.ts';

export function validateReview(review: any): any {
  const { request } = review;
  const problems = request.object ? problemsOf(request.object) : [];
  const denied =
    problems.length > 0
      ? { allowed: false, status: { code: 400, reason: 'BadRequest', message: problems.join('; ') } }
      : { allowed: true };
  return { apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid: request.uid, ...denied } };
}

/** Each problem as `field: what is wrong`. */
export function problemsOf(object: KubeObject): string[] {
  return checks[object.kind ?? '']?.(object['spec'] ?? {}) ?? [];
}

const checks: Record<string, (spec: any) => string[]> = {
  AuthorizationPolicy: authorizationPolicyProblems,
  RequestAuthentication: requestAuthenticationProblems,
  EnvoyFilter: envoyFilterProblems,
  Telemetry: telemetryProblems,
  VirtualService(spec) {
    const problems: string[] = [];
    if (!spec.hosts?.length) problems.push('spec.hosts: virtual service must have at least one host');
    if (![spec.http, spec.tcp, spec.tls].some((one) => one?.length))
      problems.push('spec: http, tcp or tls must be provided in virtual service');
    (spec.http ?? []).forEach((rule: any, index: number) => {
      const weights = (rule.route ?? []).map((one: any) => one.weight ?? 0);
      if (weights.some((one: number) => one < 0))
        problems.push(`spec.http[${index}].route: weight ${Math.min(...weights)} < 0`);
      else if (weights.length > 1 && weights.every((one: number) => one === 0))
        problems.push(`spec.http[${index}].route: total destination weight = 0`);
      if (!rule.route?.length && !rule.redirect && !rule.directResponse && !rule.delegate)
        problems.push(`spec.http[${index}]: HTTP route, redirect or direct_response is required`);
    });
    return problems;
  },
  DestinationRule(spec) {
    const names = (spec.subsets ?? []).map((one: any) => one.name);
    const problems = names
      .filter((name: string, index: number) => names.indexOf(name) !== index)
      .map((name: string) => `spec.subsets: duplicate subset ${name}`);
    if (!spec.host) problems.push('spec.host: host is required');
    return problems;
  },
  Gateway(spec) {
    return (spec.servers ?? []).flatMap((server: any, index: number) => {
      const field = `spec.servers[${index}]`;
      const problems: string[] = [];
      if (!(server.port?.number >= 1 && server.port.number <= 65_535))
        problems.push(`${field}.port.number: port number ${server.port?.number} must be in the range 1..65535`);
      if (!server.hosts?.length) problems.push(`${field}.hosts: server must have at least one host`);
      return problems;
    });
  },
  PeerAuthentication(spec) {
    return spec.portLevelMtls && Object.keys(spec.portLevelMtls).length > 0 && !spec.selector
      ? ['spec.portLevelMtls: port level mTLS works with a workload selector only']
      : [];
  },
};
