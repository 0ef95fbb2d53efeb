/** ValidatingAdmissionPolicies: rules in CEL for any kind, in force where a binding puts them. */
import type { KubeObject } from '../../kube/index.ts';
import { type AdmissionAttributes, matchesRequest, requestVariables } from './admission-request.ts';
import { evaluatePolicy, type Finding } from './cel/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { storageKey } from './resources.ts';
import { matchesLabelSelector } from './selectors.ts';
import { StatusError } from './status.ts';

const group = 'admissionregistration.k8s.io';

/** @param warnings takes what bindings with the action Warn find. @throws StatusError for what one with Deny finds. */
export async function admitPolicies(
  context: ServerContext,
  request: ApiRequest,
  attributes: AdmissionAttributes,
  warnings: string[],
): Promise<void> {
  const { resource } = attributes;
  if (resource.group === group) return;
  const bindings = context.storage.list(`${group}/validatingadmissionpolicybindings`);
  for (const { object: binding } of bindings) {
    const policy = context.storage.get(
      `${group}/validatingadmissionpolicies`,
      undefined,
      binding['spec'].policyName,
    )?.object;
    if (!policy || !isFor(context, policy, binding, attributes)) continue;
    const subject = attributes.object ?? attributes.old;
    const namespace = resource.namespaced
      ? context.storage.get('/namespaces', undefined, subject?.metadata.namespace ?? '')?.object
      : undefined;
    for (const params of paramsOf(context, policy, binding, attributes)) {
      const findings = await evaluatePolicy(policy['spec'], {
        ...requestVariables(request, attributes),
        params,
        namespaceObject: namespace,
      });
      for (const finding of findings) tell(finding, { policy, binding, attributes, warnings });
    }
  }
}

function isFor(
  context: ServerContext,
  policy: KubeObject,
  binding: KubeObject,
  attributes: AdmissionAttributes,
): boolean {
  const shape = ({ resourceRules, ...rest }: any) => ({ ...rest, rules: resourceRules });
  if (!matchesRequest(context, shape(policy['spec'].matchConstraints ?? {}), attributes)) return false;
  const { matchResources } = binding['spec'];
  if (!matchResources) return true;
  // A binding without rules narrows by its selectors only.
  const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] }];
  const { rules = everything, ...rest } = shape(matchResources);
  return matchesRequest(context, { ...rest, rules }, attributes);
}

/** One evaluation for each object that paramRef chooses; without paramKind a single one. */
function paramsOf(
  context: ServerContext,
  policy: KubeObject,
  binding: KubeObject,
  { object, old }: AdmissionAttributes,
): (KubeObject | undefined)[] {
  const { paramKind } = policy['spec'];
  const { paramRef } = binding['spec'];
  if (!paramKind || !paramRef) return [undefined];
  const [group = '', version] = paramKind.apiVersion.includes('/')
    ? paramKind.apiVersion.split('/')
    : ['', paramKind.apiVersion];
  const resource = context.resources.ofKind(group, paramKind.kind, version);
  const namespace = resource?.namespaced ? (paramRef.namespace ?? (object ?? old)?.metadata.namespace) : undefined;
  const found = !resource
    ? []
    : context.storage
        .list(storageKey(resource), namespace)
        .map((entry) => entry.object)
        .filter((one) =>
          paramRef.name
            ? one.metadata.name === paramRef.name
            : matchesLabelSelector(paramRef.selector, one.metadata.labels ?? {}),
        );
  if (found.length > 0) return found;
  if (paramRef.parameterNotFoundAction === 'Allow') return [];
  throw new StatusError(
    403,
    'Forbidden',
    `policy '${policy.metadata.name}' with binding '${binding.metadata.name}': no params found for policy binding with \`Deny\` parameterNotFoundAction`,
  );
}

const codes: Record<string, number> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

function tell(
  { message, reason = 'Invalid' }: Finding,
  {
    policy,
    binding,
    attributes,
    warnings,
  }: { policy: KubeObject; binding: KubeObject; attributes: AdmissionAttributes; warnings: string[] },
): void {
  const actions: string[] = binding['spec'].validationActions ?? [];
  const said = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
  if (actions.includes('Warn')) warnings.push(said.replace('denied request', 'violated'));
  if (!actions.includes('Deny')) return;
  const { resource, object, old } = attributes;
  const { name = '' } = (object ?? old)?.metadata ?? {};
  const kind = resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
  throw new StatusError(codes[reason] ?? 422, reason, `${kind} "${name}" is forbidden: ${said}`, {
    name,
    ...(resource.group ? { group: resource.group } : {}),
    kind: resource.plural,
    causes: [{ reason: '', message: said, field: '' }],
  });
}
