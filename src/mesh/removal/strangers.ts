/** What would go with a namespace or a definition and is not ours. */
import { KubeApiError, type KubeClient, type KubeObject, kinds } from '../../kube/index.ts';
import { type Found, isOwned, nameOf } from '../owner.ts';

/** Names of objects, each with its namespace. None for objects of other kinds. */
export async function strangersIn(client: KubeClient, { kind, object }: Found): Promise<string[]> {
  if (kind === kinds.Namespace) return inNamespace(client, object.metadata.name ?? '');
  if (kind === kinds.CustomResourceDefinition) return ofDefinition(client, object);
  return [];
}

async function ofDefinition(client: KubeClient, definition: KubeObject): Promise<string[]> {
  const { group, names, versions } = definition['spec'] ?? {};
  const version = (versions ?? []).find((one: any) => one.storage)?.name;
  const served = { group, version, kind: names.kind, plural: names.plural, namespaced: false };
  const { items } = await client.list(served).catch(nothingWhereNotServed);
  return items.filter((one) => !isOwned(one)).map(nameOf);
}

async function inNamespace(client: KubeClient, namespace: string): Promise<string[]> {
  const served = await namespacedKinds(client);
  const lists = await Promise.all(
    served.map(async (kind) => (await client.list(kind, { namespace }).catch(nothingWhereNotServed)).items),
  );
  return lists
    .flat()
    .filter((one) => !isOwned(one) && !isGenerated(one))
    .map(nameOf);
}

/** Every kind that can be listed in a namespace, by discovery: a user's own custom resources count as well. */
async function namespacedKinds(client: KubeClient) {
  const { groups } = await client.request('GET', '/apis');
  const versions = ['v1', ...groups.map((one: any) => one.preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (groupVersion: string) => {
      const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
      // An aggregated API whose server is down says nothing of what is in it.
      const answer = await client.request('GET', path).catch(() => ({ resources: [] }));
      const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
      return (answer.resources ?? [])
        .filter(
          (one: any) =>
            one.namespaced && !one.name.includes('/') && ['list', 'delete'].every((verb) => one.verbs.includes(verb)),
        )
        .map((one: any) => ({ group, version, kind: one.kind, plural: one.name, namespaced: true }));
    }),
  );
  return lists.flat();
}

const generatedKinds = new Set(['Event', 'Lease', 'Endpoints', 'EndpointSlice', 'PodMetrics']);
const generatedNames = new Set([
  'ConfigMap kube-root-ca.crt',
  'ConfigMap istio-ca-root-cert',
  'ConfigMap istio-ca-crl',
  'ServiceAccount default',
]);
const generators = ['istiod', 'pilot-discovery'];

/** What controllers and istiod make by themselves, and make again where they are needed. */
function isGenerated({ kind = '', type, metadata }: KubeObject): boolean {
  return (
    (metadata.ownerReferences ?? []).length > 0 ||
    generatedKinds.has(kind) ||
    generatedNames.has(`${kind} ${metadata.name}`) ||
    type === 'kubernetes.io/service-account-token' ||
    (metadata.managedFields ?? []).some((one) => generators.includes(one.manager ?? '')) ||
    metadata.deletionTimestamp !== undefined
  );
}

function nothingWhereNotServed(error: unknown): { items: KubeObject[] } {
  if (error instanceof KubeApiError && [404, 405].includes(error.status)) return { items: [] };
  throw error;
}
