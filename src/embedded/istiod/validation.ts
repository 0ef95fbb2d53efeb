/** The validating webhook: what a schema cannot say of Istio's kinds. */
import type { KubeObject } from '../../kube/index.ts';
import { envoyFilterProblems } from './envoy-filter/checks.ts';
import {
  gatewayProblems,
  serviceEntryProblems,
  sidecarProblems,
  virtualServiceProblems,
  workloadEntryProblems,
} from './networking/checks.ts';
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
  VirtualService: virtualServiceProblems,
  ServiceEntry: serviceEntryProblems,
  WorkloadEntry: workloadEntryProblems,
  Sidecar: sidecarProblems,
  Gateway: gatewayProblems,
  DestinationRule(spec) {
    const names = (spec.subsets ?? []).map((one: any) => one.name);
    const problems = names
      .filter((name: string, index: number) => names.indexOf(name) !== index)
      .map((name: string) => `spec.subsets: duplicate subset ${name}`);
    if (!spec.host) problems.push('spec.host: host is required');
    return problems;
  },
  PeerAuthentication(spec) {
    return spec.portLevelMtls && Object.keys(spec.portLevelMtls).length > 0 && !spec.selector
      ? ['spec.portLevelMtls: port level mTLS works with a workload selector only']
      : [];
  },
};
