/** Istio's configuration is made, changed and taken away: in the viewer's own name, by the server's own dry run first. */
import { kinds } from '../../../kube/index.ts';
import {
  type ClusterModel,
  changeConfig,
  createConfig,
  deleteConfig,
  istioKindOf,
  istioKindsOf,
  type ServiceWizardData,
  schemaOf,
  serviceWizardData,
} from '../../../observe/index.ts';
import type { ConfigKind, ConfigPermissions } from '../../api.ts';
import { configObjectOf } from '../config-object.ts';
import { type Asked, type ConsoleContext, clusterOf } from '../context.ts';
import { badRequest, HttpError, notFound, readBody } from '../http.ts';
import { isTrue } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';

type Kind = NonNullable<ReturnType<typeof istioKindOf>>;

export const kindPath = '/api/namespaces/{namespace}/istio/{group}/{version}/{kind}';

/** @throws HttpError 404 for what is no kind of Istio's */
export function kindIn({ params }: Asked): Kind {
  const { group = '', version = '', kind: wanted = '' } = params;
  const kind = istioKindOf(group, version, wanted);
  if (!kind) throw notFound(`${group}/${version} ${wanted} is no kind of Istio's configuration`);
  return kind;
}

/** The object that a path names, in the cluster that is asked or the one that has it. @throws HttpError 404 */
export function configObjectIn(
  observer: ConsoleContext['observer'],
  asked: Asked,
): { kind: Kind; cluster: ClusterModel; namespace: string; name: string } {
  const kind = kindIn(asked);
  const { namespace = '', name = '' } = asked.params;
  const has = (one: ClusterModel): boolean => one.get(kind, namespace, name) !== undefined;
  return { kind, namespace, name, cluster: clusterOf(observer, asked, `${kind} ${name}`, has) };
}

export function addConfigChange(add: AddRoute, { observer, allowEdit }: ConsoleContext): void {
  const demandEdit = (): void => {
    if (allowEdit) return;
    throw new HttpError(403, {
      code: 'console.read-only',
      fault: 'user',
      what: 'this console only reads',
      fix: 'start it with: isthmus console --allow-edit',
    });
  };
  const judge = (cluster: ClusterModel, kind: Kind) => (written: Parameters<typeof observer.validator.judge>[2]) =>
    observer.validator.judge(cluster, kind, written).validation.checks;
  /** Nobody makes an object in a cluster by accident: it is named. */
  const namedCluster = (asked: Asked): ClusterModel => {
    const name = asked.query.get('clusterName') ?? asked.query.get('cluster');
    if (!name) throw badRequest('it is not said in which cluster', 'say which with clusterName=');
    return clusterOf(observer, asked, `namespace ${asked.params['namespace']}`, (one) =>
      one.list('Namespace').some(({ metadata }) => metadata.name === asked.params['namespace']),
    );
  };

  add(
    'POST',
    kindPath,
    {
      summary: 'makes a configuration object; with dryRun=true only shows what would be made',
      answer: 'ConfigChange',
      query: 'change',
      takes: 'object',
    },
    async (asked) => {
      demandEdit();
      const kind = kindIn(asked);
      const cluster = namedCluster(asked);
      const { namespace = '' } = asked.params;
      return createConfig({
        client: asked.viewer.clientFor(cluster),
        kind,
        object: configObjectOf(await readBody(asked.raw), kind, namespace),
        dryRun: isTrue(asked.query, 'dryRun'),
        judge: judge(cluster, kind),
      });
    },
  );
  add(
    'PUT',
    `${kindPath}/{name}`,
    {
      summary: 'changes a configuration object; with dryRun=true only shows what would change',
      answer: 'ConfigChange',
      query: 'change',
      takes: 'object',
    },
    async (asked) => {
      demandEdit();
      const { kind, cluster, namespace, name } = configObjectIn(observer, asked);
      return changeConfig({
        client: asked.viewer.clientFor(cluster),
        kind,
        object: configObjectOf(await readBody(asked.raw), kind, namespace, name),
        dryRun: isTrue(asked.query, 'dryRun'),
        judge: judge(cluster, kind),
      });
    },
  );
  add(
    'DELETE',
    `${kindPath}/{name}`,
    {
      summary: 'takes a configuration object away; with dryRun=true only asks whether it could be',
      answer: 'ConfigChange',
      query: 'change',
    },
    (asked) => {
      demandEdit();
      const { kind, cluster, namespace, name } = configObjectIn(observer, asked);
      return deleteConfig({
        client: asked.viewer.clientFor(cluster),
        kind,
        namespace,
        name,
        dryRun: isTrue(asked.query, 'dryRun'),
      });
    },
  );
  add(
    'GET',
    '/api/namespaces/{namespace}/services/{name}/wizards',
    { summary: 'what wizards for a service are filled with', answer: 'ServiceWizardData', query: 'kind' },
    async (asked): Promise<ServiceWizardData> => {
      const { viewer, params } = asked;
      const { namespace = '', name = '' } = params;
      const has = (one: ClusterModel) => one.get('Service', namespace, name) !== undefined;
      const cluster = clusterOf(observer, asked, `service ${name}`, has);
      const data = serviceWizardData(observer.clusters, (where) => viewer.canSee(where), cluster, namespace, name);
      if (!data) throw notFound(`there is no service ${name}`);
      const may = async (target: string, verb: string): Promise<boolean> => {
        const at = observer.model.cluster(target);
        if (!allowEdit || !at) return false;
        const answers = (['VirtualService', 'DestinationRule'] as const).map((kind) =>
          viewer.may(at, { verb, group: kinds[kind].group, resource: kinds[kind].plural, namespace }),
        );
        return (await Promise.all(answers)).every(Boolean);
      };
      const targets = data.targets.map(async (one) => ({
        ...one,
        mayCreate: await may(one.cluster, 'create'),
        mayUpdate: await may(one.cluster, 'update'),
      }));
      return { ...data, targets: await Promise.all(targets) };
    },
  );
  add(
    'GET',
    '/api/istio/permissions',
    { summary: 'what the viewer may make, change and take away', answer: 'ConfigPermissions', query: 'place' },
    async (asked): Promise<ConfigPermissions> => {
      const namespace = asked.query.get('namespace') ?? '';
      const cluster = namedCluster({ ...asked, params: { namespace } });
      const place = { cluster: cluster.name, namespace };
      if (!allowEdit)
        return {
          ...place,
          create: [],
          update: [],
          delete: [],
          why: 'this console only reads; --allow-edit permits changes',
        };
      const served = istioKindsOf(cluster);
      const may = async (verb: string): Promise<string[]> => {
        const answers = await Promise.all(
          served.map((kind) =>
            asked.viewer.may(cluster, { verb, group: kinds[kind].group, resource: kinds[kind].plural, namespace }),
          ),
        );
        return served.filter((_, index) => answers[index]);
      };
      const [create, update, remove] = await Promise.all([may('create'), may('update'), may('delete')]);
      return { ...place, create, update, delete: remove };
    },
  );
  add(
    'GET',
    '/api/istio/kinds/{group}/{version}/{kind}',
    { summary: 'the schema of a kind, as the cluster has it', answer: 'ConfigKind', query: 'kind' },
    async (asked): Promise<ConfigKind> => {
      const kind = kindIn(asked);
      const { query, viewer } = asked;
      const named = query.get('clusterName');
      const cluster = observer.clusters.find(
        (one) => (!named || one.name === named) && one.api.reachable && viewer.clientFor(one),
      );
      if (!cluster) throw notFound(named ? `there is no cluster ${named} that answers` : 'no cluster answers');
      const { group, version, plural, kind: name } = kinds[kind];
      const schema = await schemaOf(cluster, kind);
      return { group, version, kind: name, plural, cluster: cluster.name, ...(schema ? { schema } : {}) };
    },
  );
}
