/** Istio's configuration: lists, findings, differences, one object, and its change. */
import { apiVersionOf, type KubeObject, kinds } from '../../../kube/index.ts';
import {
  type ClusterModel,
  configDetails,
  configDifferences,
  configItems,
  type IstioConfigItem,
  istioKindOf,
  type NamespaceKey,
  type ObjectKey,
} from '../../../observe/index.ts';
import { type Asked, type ConsoleContext, wantedBy } from '../context.ts';
import { notFound } from '../http.ts';
import type { AddRoute } from '../routes.ts';
import { configObjectIn, kindPath } from './config-change.ts';

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
    { summary: 'findings in configuration', answer: 'IstioValidation[]', query: 'list' },
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
  add(
    'GET',
    `${kindPath}/{name}`,
    { summary: 'one configuration object', answer: 'IstioConfigDetails', query: 'entity' },
    async (asked) => {
      const { kind, cluster, namespace, name } = configObjectIn(observer, asked);
      const { group, plural } = kinds[kind];
      const editable =
        allowEdit && (await asked.viewer.may(cluster, { verb: 'update', group, resource: plural, namespace, name }));
      return (
        (await configDetails(observer.clusters, cluster, kind, namespace, name, { validationOf, editable })) ??
        gone(kind, name)
      );
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
      if (istioKindOf(kinds[kind].group, kinds[kind].version, kinds[kind].kind))
        for (const { metadata } of cluster.list(kind)) {
          const where = { cluster: cluster.name, namespace: metadata.namespace ?? '' };
          const key = keyOf({ ...where, apiVersion: apiVersionOf(kinds[kind]), kind: kinds[kind].kind });
          if (viewer.canSee(where)) places.set(key, { cluster, where, kind });
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
  return (item) => answers.get(keyOf(item)) === true;
}

/** Two groups have a kind Gateway. */
const keyOf = ({ cluster, namespace, apiVersion, kind }: Omit<ObjectKey, 'name'>): string =>
  [cluster, namespace, apiVersion, kind].join(' ');
