/** Pods: what they are, what they write, what their proxies were told. */
import type { Pod } from '../../../kube/index.ts';
import { type ClusterModel, podView, proxyTable, readEnvoy, readLogs } from '../../../observe/index.ts';
import { type Asked, type ConsoleContext, clusterOf } from '../context.ts';
import { HttpError } from '../http.ts';
import { numberOf, timeOf } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';

export function addPods(add: AddRoute, { observer }: ConsoleContext): void {
  const find = (asked: Asked): { cluster: ClusterModel; namespace: string; pod: Pod } => {
    const { namespace = '', name = '' } = asked.params;
    const cluster = clusterOf(observer, asked, `pod ${name}`, (one) => one.get('Pod', namespace, name) !== undefined);
    return { cluster, namespace, pod: cluster.get<Pod>('Pod', namespace, name)! };
  };
  add(
    'GET',
    '/api/namespaces/{namespace}/pods/{name}',
    { summary: 'one pod', answer: 'PodView', query: 'entity' },
    (asked) => {
      const { cluster, namespace, pod } = find(asked);
      return podView(cluster.name, pod, {
        proxies: proxyTable(observer.clusters, (one) => observer.facts.of(one)),
        certificate: observer.certificates.of(cluster, namespace, pod.metadata.name ?? ''),
      });
    },
  );
  add(
    'GET',
    '/api/namespaces/{namespace}/pods/{name}/logs',
    { summary: "a container's log", answer: 'PodLogs', query: 'logs' },
    async (asked) => {
      const { cluster, namespace, pod } = find(asked);
      const { name = '' } = asked.params;
      await demand(asked, cluster, { verb: 'get', resource: 'pods', subresource: 'log', namespace, name });
      const container =
        asked.query.get('container') ??
        pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ??
        pod.spec['containers']?.[0]?.name;
      return readLogs(cluster, namespace, name, {
        container,
        tailLines: numberOf(asked.query, 'tailLines', 500, [1, 20_000]),
        sinceTime: timeOf(asked.query, 'sinceTime'),
      });
    },
  );
  add(
    'GET',
    '/api/namespaces/{namespace}/pods/{name}/config_dump',
    { summary: "the proxy's own configuration", answer: 'EnvoyConfig', query: 'entity' },
    async (asked) => {
      const { cluster, namespace } = find(asked);
      const { name = '' } = asked.params;
      await demand(asked, cluster, { verb: 'create', resource: 'pods', subresource: 'portforward', namespace, name });
      return readEnvoy(
        { clusters: observer.clusters, factsOf: (one) => observer.facts.of(one) },
        cluster,
        namespace,
        name,
      );
    },
  );
}

/** The observer reads with its own account, so that what it gives away is asked for in the viewer's name first. */
async function demand(
  { viewer }: Asked,
  cluster: ClusterModel,
  access: Parameters<Asked['viewer']['may']>[1],
): Promise<void> {
  if (await viewer.may(cluster, access)) return;
  const what = `${access.verb} ${access.resource}${access.subresource ? `/${access.subresource}` : ''}`;
  throw new HttpError(403, {
    code: 'console.forbidden',
    what: `${viewer.username} may not ${what}`,
    where: `${cluster.name}/${access.namespace}`,
  });
}
