/** How the client's proxy secures a connection to an endpoint, and which objects say so. */
import type { Pod } from '../../../kube/index.ts';
import { decision } from '../config.ts';
import type { Endpoint } from '../envoy/endpoints.ts';
import type { UpstreamTls } from '../envoy/tls.ts';
import { step, type Trace } from '../trace.ts';
import type { Step } from '../types.ts';
import type { ReachedCluster } from './cluster.ts';

export interface SecuredBy {
  step: Step;
  plainBecause: string;
  plainFix: string | undefined;
}

export async function tlsStep(
  trace: Trace,
  reached: ReachedCluster,
  endpoint: Endpoint,
  tls: UpstreamTls,
  alpn: string[],
  cluster: string,
  pod: Pod | undefined,
): Promise<SecuredBy> {
  const { client, config } = trace;
  const made = step({
    kind: 'tls',
    at: { cluster: client.cluster, namespace: client.namespace, pod: client.pod },
    title: '',
  });
  const rule = reached.policy.tls;
  const holder = config.cluster ?? client.cluster;
  let plainBecause = '';
  let plainFix: string | undefined;
  if (rule) {
    made.decisions.push(
      decision(holder, { ...rule.rule, kind: 'DestinationRule' }, `TLS mode ${rule.value.mode}`, rule.field),
    );
    const { namespace, name } = rule.rule.metadata;
    plainBecause = `DestinationRule ${holder}/${namespace}/${name}: TLS mode ${rule.value.mode}`;
    plainFix = `kubectl --context ${holder} -n ${namespace} edit destinationrule ${name}, and take ${rule.field} out`;
  } else {
    const labelled = pod?.metadata.labels?.['security.istio.io/tlsMode'] === 'istio';
    if (pod)
      made.decisions.push(
        decision(
          cluster,
          { ...pod, kind: 'Pod' },
          labelled
            ? 'label security.istio.io/tlsMode=istio: it takes mutual TLS'
            : 'no label security.istio.io/tlsMode: no sidecar',
          'metadata.labels',
        ),
      );
    made.details.push(
      config.autoMtls
        ? 'automatic mutual TLS: no DestinationRule says anything else'
        : 'automatic mutual TLS is off (enableAutoMtls)',
    );
    plainBecause = !config.autoMtls
      ? 'enableAutoMtls is off'
      : labelled || !pod
        ? 'its cluster has no TLS for this endpoint'
        : `${pod.metadata.name} has no sidecar`;
  }
  if (tls.kind === 'none') {
    made.title = 'plain text';
    made.details.push(plainBecause);
  } else {
    made.title = `${tls.kind === 'mutual' ? 'mutual TLS' : 'TLS'}, SNI ${tls.sni || 'none'}`;
    const names = tls.serverNames.map((one) => one.exact ?? one.prefix ?? JSON.stringify(one));
    made.details.push(
      `ALPN ${alpn.join(', ') || 'none'}`,
      names.length > 0
        ? `the server must be ${names.slice(0, 4).join(' or ')}${names.length > 4 ? ` (or ${names.length - 4} more)` : ''}`
        : 'any server whose certificate is signed by the mesh is accepted',
      ...(tls.match ? [`transport socket ${tls.match}, by the endpoint's tlsMode ${endpoint.tlsMode || 'none'}`] : []),
    );
  }
  return { step: made, plainBecause, plainFix };
}
