import { type Deployment, kinds } from '../../kube/index.ts';
import { explainDeployment, kialiName, kialiSecretName, systemNamespace, whyNotAvailable } from '../../mesh/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { remoteSecretFault, type SecretReader } from '../remote-secret.ts';

const reader: SecretReader = { who: 'Kiali', label: 'kiali.io/multiCluster', secretName: kialiSecretName };

/** Where the file asks for it: Kiali runs, and what it is to read every other cluster with is good there. */
export function kiali(context: VerifyContext): Claim[] {
  const { mesh } = context;
  if (!mesh.kiali) return [];
  const { homeCluster: home } = mesh.kiali;
  return [
    {
      id: 'kiali/runs',
      title: `Kiali runs in ${home}`,
      clusters: [home],
      expected: 'every replica of its Deployment ready',
      async measure() {
        const client = context.client(home);
        const deployment = await client.find<Deployment>(kinds.Deployment, kialiName, systemNamespace);
        const lack = whyNotAvailable(deployment);
        const { availableReplicas = 0 } = deployment?.status ?? {};
        const measured = `${availableReplicas} of ${deployment?.spec['replicas'] ?? 1} pods ready`;
        if (!lack) return pass(measured);
        const cause = await explainDeployment(client, systemNamespace, kialiName);
        const fix = deployment
          ? `kubectl --context ${home} -n ${systemNamespace} logs deployment/${kialiName}`
          : 'isthmus up';
        return fail(measured, { why: `Deployment ${kialiName} of ${home}: ${cause ?? lack.why}`, fix });
      },
    },
    ...mesh.clusters
      .filter(({ name }) => name !== home)
      .map((remote) => ({
        id: `kiali/reads/${remote.name}`,
        title: `Kiali has what it reads ${remote.name} with`,
        clusters: [home, remote.name],
        expected: `a kubeconfig under the name and with the CA of ${remote.name}, and a token that it accepts`,
        async measure() {
          const fault = await remoteSecretFault(context, home, remote, reader);
          return fault
            ? fail('it cannot be used', fault)
            : pass(`Secret ${systemNamespace}/${kialiSecretName(remote.name)}`);
        },
      })),
  ];
}
