/** Why a cluster cannot be reached from another: the first fault on the way of a request. */
import { kinds } from '../kube/index.ts';
import { explainDeployment, systemNamespace } from '../mesh/index.ts';
import type { Cause, VerifyContext } from './fact.ts';
import { gatewayOf } from './facts/gateways.ts';
import { rootsFault } from './facts/trust.ts';
import { readyPods } from './pods.ts';
import { remoteSecretFault } from './remote-secret.ts';

export function whyUnreached(context: VerifyContext, from: string, to: string): Promise<Cause | undefined> {
  return context.once(`why unreached/${from}/${to}`, async () => {
    for (const fault of [serverFault, secretFault, gatewayFault, exposureFault, rootsFault]) {
      const cause = await fault(context, to, from);
      if (cause) return cause;
    }
    return undefined;
  });
}

async function serverFault(context: VerifyContext, to: string): Promise<Cause | undefined> {
  const client = context.client(to);
  const { namespace } = context.mesh.sample;
  if ((await readyPods(client, namespace, 'app=helloworld')).length > 0) return undefined;
  const { items } = await client.list(kinds.Deployment, { namespace, labelSelector: 'app=helloworld' });
  const name = items[0]?.metadata.name;
  const deeper = name && (await explainDeployment(client, namespace, name));
  return {
    why: `no pod of helloworld is ready in ${to}${deeper ? `: ${deeper}` : ''}`,
    fix: `kubectl --context ${to} -n ${namespace} get pods`,
  };
}

/** The istiod that serves the clients must read the cluster of the servers. */
async function secretFault(context: VerifyContext, to: string, from: string): Promise<Cause | undefined> {
  const named = (name: string) => context.mesh.clusters.find((one) => one.name === name)!;
  const reader = named(from).primary;
  return reader === to ? undefined : remoteSecretFault(context, reader, named(to));
}

async function gatewayFault(context: VerifyContext, to: string, from: string): Promise<Cause | undefined> {
  return crosses(context, from, to) ? (await gatewayOf(context, to)).cause : undefined;
}

async function exposureFault(context: VerifyContext, to: string, from: string): Promise<Cause | undefined> {
  if (!crosses(context, from, to)) return undefined;
  const { primary } = context.mesh.clusters.find((one) => one.name === to)!;
  const { items } = await context.client(primary).list(kinds.Gateway, { namespace: systemNamespace });
  const servers: any[] = items.flatMap((one) => one['spec']?.servers ?? []);
  if (servers.some((one) => one.tls?.mode === 'AUTO_PASSTHROUGH')) return undefined;
  return {
    why: `no Gateway of ${primary} has a server of mode AUTO_PASSTHROUGH: the gateway of ${to} lets no service in`,
    fix: 'isthmus up',
  };
}

function crosses({ mesh }: VerifyContext, from: string, to: string): boolean {
  const networkOf = (name: string) => mesh.clusters.find((one) => one.name === name)?.network;
  return networkOf(from) !== networkOf(to);
}
