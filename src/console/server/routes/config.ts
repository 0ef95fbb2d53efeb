/** Istio's configuration: lists, findings, differences, one object, and its change. */
import { parse } from 'yaml';
import { apiVersionOf, type KubeObject, kinds } from '../../../kube/index.ts';
import {
  type ClusterModel,
  changeConfig,
  configDetails,
  configDifferences,
  configItems,
  type IstioConfigItem,
  istioKindOf,
  type NamespaceKey,
} from '../../../observe/index.ts';
import { type Asked, type ConsoleContext, clusterOf, wantedBy } from '../context.ts';
import { badRequest, HttpError, notFound, readBody } from '../http.ts';
import { isTrue } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';

type Kind = NonNullable<ReturnType<typeof istioKindOf>>;

export function addConfig(add: AddRoute, { observer, allowEdit }: ConsoleContext): void {
  const validationOf = (cluster: string, kind: Kind, object: KubeObject) =>
    observer.validator.of(observer.model.cluster(cluster)!, kind, object);
  const problems = () => observer.mesh().problems;
  add(
    'GET',
    '/api/istio/config',
    {
      summary: 'Istio configuration of all clusters, with what is wrong in it',
      answer: 'IstioConfigList',
      query: 'list',
    },
    async (asked) => {
      const wanted = await wantedKinds(observer.clusters, asked);
      const items = configItems(observer.clusters, wantedBy(asked), validationOf).filter(wanted);
      return { items, problems: problems() };
    },
  );
  add(
    'GET',
    '/api/istio/validations',
    { summary: 'findings in configuration', answer: 'IstioValidation', query: 'list' },
    (asked) => observer.validator.all(wantedBy(asked)),
  );
  add(
    'GET',
    '/api/istio/differences',
    { summary: 'what should be the same in several clusters and is not', answer: 'ConfigDifferences', query: 'list' },
    (asked) => ({
      differences: configDifferences(observer.clusters, wantedBy(asked)),
      problems: problems(),
    }),
  );
  const path = '/api/namespaces/{namespace}/istio/{group}/{version}/{kind}/{name}';
  const find = (asked: Asked): { kind: Kind; cluster: ClusterModel; namespace: string; name: string } => {
    const { namespace = '', group = '', version = '', kind: wanted = '', name = '' } = asked.params;
    const kind = istioKindOf(group, version, wanted);
    if (!kind) throw notFound(`${group}/${version} ${wanted} is no kind of Istio's configuration`);
    return {
      kind,
      namespace,
      name,
      cluster: clusterOf(observer, asked, `${kind} ${name}`, (one) => one.get(kind, namespace, name) !== undefined),
    };
  };
  add(
    'GET',
    path,
    { summary: 'one configuration object', answer: 'IstioConfigDetails', query: 'entity' },
    async (asked) => {
      const { kind, cluster, namespace, name } = find(asked);
      const { group, plural } = kinds[kind];
      const editable =
        allowEdit && (await asked.viewer.may(cluster, { verb: 'update', group, resource: plural, namespace, name }));
      return (
        (await configDetails(observer.clusters, cluster, kind, namespace, name, { validationOf, editable })) ??
        gone(kind, name)
      );
    },
  );
  add(
    'PUT',
    path,
    {
      summary: 'changes a configuration object; with dryRun=true only shows what would change',
      answer: 'ConfigChange',
      query: 'change',
    },
    async (asked) => {
      if (!allowEdit)
        throw new HttpError(403, {
          code: 'console.read-only',
          fault: 'user',
          what: 'this console only reads',
          fix: 'start it with: isthmus console --allow-edit',
        });
      const { kind, cluster, namespace, name } = find(asked);
      const object = objectOf(await readBody(asked.raw), kind, namespace, name);
      return changeConfig({
        client: asked.viewer.clientFor(cluster),
        kind,
        object,
        dryRun: isTrue(asked.query, 'dryRun'),
        judge: (written) => observer.validator.judge(cluster, kind, written).validation.checks,
      });
    },
  );
}

function gone(kind: string, name: string): never {
  throw notFound(`there is no ${kind} ${name}`);
}

/** Of each kind of a namespace only what the viewer may list there. */
async function wantedKinds(clusters: ClusterModel[], { viewer }: Asked): Promise<(item: IstioConfigItem) => boolean> {
  const answers = new Map<string, boolean>();
  const places = new Map<string, { cluster: ClusterModel; where: NamespaceKey; kind: Kind }>();
  for (const cluster of clusters)
    for (const kind of Object.keys(kinds) as Kind[])
      if (istioKindOf(kinds[kind].group, kinds[kind].version, kind))
        for (const { metadata } of cluster.list(kind)) {
          const where = { cluster: cluster.name, namespace: metadata.namespace ?? '' };
          if (viewer.canSee(where)) places.set(`${where.cluster}/${where.namespace}/${kind}`, { cluster, where, kind });
        }
  await Promise.all(
    [...places].map(async ([key, { cluster, where, kind }]) => {
      const { group, plural } = kinds[kind];
      answers.set(
        key,
        await viewer.may(cluster, { verb: 'list', group, resource: plural, namespace: where.namespace }),
      );
    }),
  );
  return (item) => answers.get(`${item.cluster}/${item.namespace}/${item.kind}`) === true;
}

/** The body as the object that the path names. @throws HttpError 400 */
function objectOf(body: string, kind: Kind, namespace: string, name: string): KubeObject {
  let object: any;
  try {
    object = parse(body);
  } catch (error) {
    throw badRequest(`the body is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`);
  }
  if (
    object === null ||
    typeof object !== 'object' ||
    Array.isArray(object) ||
    typeof object.metadata !== 'object' ||
    object.metadata === null
  )
    throw badRequest('the body is no Kubernetes object: it has no metadata');
  const { apiVersion = apiVersionOf(kinds[kind]) } = object;
  const isSame =
    object.metadata.name === name &&
    (object.metadata.namespace ?? namespace) === namespace &&
    (object.kind ?? kind) === kind &&
    String(apiVersion).startsWith(`${kinds[kind].group}/`);
  if (!isSame)
    throw badRequest(
      `the body is another object than ${kind} ${namespace}/${name}`,
      'kind, name and namespace cannot be changed',
    );
  return { ...object, apiVersion: apiVersionOf(kinds[kind]), kind, metadata: { ...object.metadata, namespace } };
}
