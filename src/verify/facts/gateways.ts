import { type Deployment, kinds, type Service } from '../../kube/index.ts';
import {
  addressOf,
  explainAddress,
  explainDeployment,
  gatewayName,
  systemNamespace,
  whyNoAddress,
  whyNotAvailable,
} from '../../mesh/index.ts';
import { hasGateway } from '../../spec/index.ts';
import { type Cause, type Claim, fail, pass, type VerifyContext } from '../fact.ts';

/** Every cluster that needs one has a way in: an east-west gateway that runs and has an address. */
export function gateways(context: VerifyContext): Claim[] {
  const { mesh } = context;
  return mesh.clusters
    .filter((cluster) => hasGateway(mesh, cluster))
    .map(({ name }) => ({
      id: `gateway/${name}`,
      title: `the east-west gateway of ${name} runs and has an address`,
      clusters: [name],
      expected: 'every replica ready, at least one of them, and an address of the load balancer',
      async measure() {
        const { measured, cause } = await gatewayOf(context, name);
        return cause ? fail(measured, cause) : pass(measured);
      },
    }));
}

/** What is seen of a cluster's gateway, and what it lacks. */
export async function gatewayOf(context: VerifyContext, cluster: string): Promise<{ measured: string; cause?: Cause }> {
  const client = context.client(cluster);
  const [deployment, service] = await Promise.all([
    client.find<Deployment>(kinds.Deployment, gatewayName, systemNamespace),
    client.find<Service>(kinds.Service, gatewayName, systemNamespace),
  ]);
  const wanted: number = deployment ? (deployment.spec['replicas'] ?? 1) : 0;
  const ready: number = deployment?.status?.['availableReplicas'] ?? 0;
  const measured = `${addressOf(service) ?? 'no address'}; ${ready} of ${wanted} pods ready`;
  const kubectl = `kubectl --context ${cluster} -n ${systemNamespace}`;
  if (deployment && wanted === 0)
    return {
      measured,
      cause: {
        why: `Deployment ${gatewayName} of ${cluster} is scaled to 0`,
        fix: `${kubectl} scale deployment ${gatewayName} --replicas=1`,
      },
    };
  const lack = whyNotAvailable(deployment);
  if (lack) {
    const deeper = await explainDeployment(client, systemNamespace, gatewayName);
    const why = `Deployment ${gatewayName} of ${cluster}: ${lack.why}${deeper ? `: ${deeper}` : ''}`;
    return {
      measured,
      cause: { why, fix: deployment ? `${kubectl} describe pods -l app=${gatewayName}` : 'isthmus up' },
    };
  }
  const addressLack = whyNoAddress(service);
  if (!addressLack) return { measured };
  const deeper = service && (await explainAddress(client, systemNamespace, gatewayName));
  return {
    measured,
    cause: {
      why: `Service ${gatewayName} of ${cluster}: ${addressLack.why}${deeper ? `: ${deeper}` : ''}`,
      fix: service ? `${kubectl} describe service ${gatewayName}` : 'isthmus up',
    },
  };
}
