/** What is asked of a cluster before anything is put into it. */
import { IsthmusError } from '../errors/index.ts';
import { type Deployment, KubeClient, kinds } from '../kube/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

interface Right {
  group: string;
  resource: string;
  verb: string;
  namespace?: string;
}

const system = 'istio-system';
const right = (group: string, resource: string, namespace?: string): Right[] =>
  ['create', 'patch'].map((verb) => ({ group, resource, verb, ...(namespace ? { namespace } : {}) }));

/** What bringing up a mesh needs; whoever may do these may do the rest. */
const needed: Right[] = [
  ...right('', 'namespaces'),
  ...right('apiextensions.k8s.io', 'customresourcedefinitions'),
  ...right('admissionregistration.k8s.io', 'mutatingwebhookconfigurations'),
  ...right('rbac.authorization.k8s.io', 'clusterroles'),
  ...right('rbac.authorization.k8s.io', 'clusterrolebindings'),
  ...right('', 'secrets', system),
  ...right('', 'services', system),
  ...right('apps', 'deployments', system),
];

/** Where only Kiali is put. */
const neededByKiali = needed.filter(
  ({ resource }) => !['customresourcedefinitions', 'mutatingwebhookconfigurations'].includes(resource),
);

const oldestKubernetes = [1, 22] as const;

export interface PreflightOptions {
  takeOver?: boolean;
  /** Nothing but Kiali is put into it: an Istio there is somebody else's business. */
  kialiOnly?: boolean;
}

/**
 * @throws IsthmusError `providers.old-kubernetes`, `providers.forbidden` with what is not permitted, or `providers.foreign-istio`.
 */
export async function preflight(cluster: ProvidedCluster, options: PreflightOptions = {}): Promise<void> {
  await using client = new KubeClient({ ...cluster.connection, name: cluster.name });
  await checkVersion(client, cluster);
  await checkRights(client, cluster, options.kialiOnly ? neededByKiali : needed);
  if (!options.takeOver && !options.kialiOnly) await checkForeignIstio(client, cluster);
}

/** Server-side apply, on which everything rests, is general from 1.22 on. */
async function checkVersion(client: KubeClient, cluster: ProvidedCluster): Promise<void> {
  const { gitVersion = '', major = '', minor = '' } = await client.request('GET', '/version');
  const [have, want] = [[Number(major), Number.parseInt(minor, 10)], oldestKubernetes];
  if (have[0]! > want[0] || (have[0] === want[0] && have[1]! >= want[1]) || have.some(Number.isNaN)) return;
  throw new IsthmusError({
    code: 'providers.old-kubernetes',
    fault: 'user',
    what: `Kubernetes ${gitVersion} is too old`,
    where: cluster.name,
    why: `server-side apply is needed, which is general from ${want.join('.')} on`,
    fix: 'upgrade the cluster',
  });
}

async function checkRights(client: KubeClient, cluster: ProvidedCluster, wanted: Right[]): Promise<void> {
  const answers = await Promise.all(
    wanted.map(async ({ group, ...rest }) => {
      const review = await client.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { group, ...rest } },
        },
      });
      return review.status?.allowed === true;
    }),
  );
  const refused = wanted.filter((_, index) => !answers[index]);
  if (refused.length === 0) return;
  const sentences = refused.map(
    ({ verb, resource, group, namespace }) =>
      `${verb} ${group ? `${resource}.${group}` : resource}${namespace ? ` in ${namespace}` : ''}`,
  );
  throw new IsthmusError({
    code: 'providers.forbidden',
    fault: 'user',
    what: `the user of the kubeconfig may not do in ${cluster.name} what ${wanted === needed ? 'a mesh' : 'Kiali'} needs`,
    where: cluster.name,
    why: `not permitted: ${sentences.join(', ')}`,
    fix: 'use a context whose user is bound to cluster-admin, or have these rights given',
  });
}

/** Another Istio in the same namespace would be changed into ours, and its proxies with it. */
async function checkForeignIstio(client: KubeClient, cluster: ProvidedCluster): Promise<void> {
  const { items } = await client.list<Deployment>(kinds.Deployment, { namespace: system, labelSelector: 'app=istiod' });
  const foreign = items.filter(
    ({ metadata }) =>
      !(metadata.managedFields ?? []).some((one) => one.manager === 'isthmus' && one.operation === 'Apply'),
  );
  if (foreign.length === 0) return;
  throw new IsthmusError({
    code: 'providers.foreign-istio',
    fault: 'user',
    what: `${cluster.name} has an Istio that Isthmus did not install`,
    where: foreign.map(({ metadata }) => `${system}/${metadata.name}`).join(', '),
    fix: 'remove it (istioctl uninstall --purge), name another cluster, or let Isthmus have it: isthmus up --take-over',
  });
}
