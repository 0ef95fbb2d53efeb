/** TLS of a listener as that of a server of an Istio Gateway. */
import type { KubeObject } from '../../../kube/index.ts';
import { isGranted } from './grants.ts';
import type { GatewayApiInput, Problem } from './types.ts';

const terminateModes: Record<string, any> = {
  MUTUAL: { mode: 'MUTUAL' },
  OPTIONAL_MUTUAL: { mode: 'OPTIONAL_MUTUAL' },
  ISTIO_MUTUAL: { mode: 'ISTIO_MUTUAL' },
};

/** Certificates of another namespace need a ReferenceGrant there; of several only those count that can be had. */
export function listenerTls(
  { tls }: any,
  gateway: KubeObject,
  input: GatewayApiInput,
): { tls: any; problem?: Problem | undefined } {
  if (!tls) return { tls: undefined };
  if (tls.mode === 'Passthrough') return { tls: { mode: 'PASSTHROUGH' } };
  const stated = terminateModes[tls.options?.['gateway.istio.io/tls-terminate-mode']];
  if (stated?.mode === 'ISTIO_MUTUAL') return { tls: stated };
  const settings = stated ?? { mode: 'SIMPLE' };
  const refs: any[] = tls.certificateRefs ?? [];
  if (refs.length > 2)
    return {
      tls: settings,
      problem: { reason: 'InvalidCertificateRef', message: 'TLS mode can only support up to 2 server certificates' },
    };
  const problems: Problem[] = [];
  const names = refs.flatMap((ref) => {
    const problem = certificateProblem(ref, gateway, input);
    if (problem) problems.push(problem);
    return problem ? [] : [`kubernetes-gateway://${ref.namespace ?? gateway.metadata.namespace}/${ref.name}`];
  });
  const [first] = problems;
  if (names.length === 0)
    return {
      tls: settings,
      problem: first && { reason: first.reason, message: problems.map(({ message }) => message).join('; ') },
    };
  return { tls: { ...settings, ...(names.length === 1 ? { credentialName: names[0] } : { credentialNames: names }) } };
}

function certificateProblem(ref: any, gateway: KubeObject, input: GatewayApiInput): Problem | undefined {
  const own = gateway.metadata.namespace ?? '';
  const namespace = ref.namespace ?? own;
  const written = `${ref.group ?? ''}/${ref.kind ?? ''}/${ref.name}.${ref.namespace ?? ''}`;
  const invalid = (message: string): Problem => ({
    reason: 'InvalidCertificateRef',
    message: `invalid certificate reference ${written}, ${message}`,
  });
  if ((ref.group ?? '') !== '' || (ref.kind ?? 'Secret') !== 'Secret') return invalid('only secret is allowed');
  // Whether there is such a Secret is told to nobody who may not name it.
  const to = { group: '', kind: 'Secret', namespace, name: ref.name };
  if (!isGranted(input.grants, { from: { kind: 'Gateway', namespace: own }, to }))
    return {
      reason: 'RefNotPermitted',
      message: `certificateRef ${ref.name}/${namespace} not accessible to a Gateway in namespace "${own}" (missing a ReferenceGrant?)`,
    };
  const problem = input.certificateProblem(namespace, ref.name);
  return problem === undefined ? undefined : invalid(problem);
}
