/** What routes are given: the observer, and for each request who asks and for what. */
import type { ClusterModel, NamespaceKey, Observer } from '../../observe/index.ts';
import type { Authenticator } from './auth.ts';
import type { StandingDoctor } from './doctor.ts';
import { type ApiRequest, badRequest, HttpError, notFound } from './http.ts';
import type { OpenId } from './openid/index.ts';
import { listOf } from './parameters.ts';
import type { EventStream } from './stream.ts';
import type { Viewer } from './viewer.ts';

export interface ConsoleContext {
  observer: Observer;
  auth: Authenticator;
  /** Where that is the way to sign in. */
  openId?: OpenId | undefined;
  stream: EventStream;
  doctor: StandingDoctor;
  allowEdit: boolean;
  version: string;
}

export interface Asked extends ApiRequest {
  viewer: Viewer;
  query: URLSearchParams;
}

/** Which namespaces a list is of: those that are asked for and may be seen. */
export function wantedBy({ query, viewer, params }: Asked): (where: NamespaceKey) => boolean {
  const clusters = listOf(query, 'clusters', 'clusterName');
  const namespaces = params['namespace'] ? [params['namespace']] : listOf(query, 'namespaces');
  return ({ cluster, namespace }) =>
    (!clusters || clusters.includes(cluster)) &&
    (!namespaces || namespaces.includes(namespace) || namespaces.includes(`${cluster}/${namespace}`)) &&
    viewer.canSee({ cluster, namespace });
}

/**
 * The cluster of one entity: the named one, or the only one that has it.
 * @throws HttpError 404 where none has it or it may not be seen, 400 where several have it and none is named.
 */
export function clusterOf(
  observer: Observer,
  asked: Asked,
  what: string,
  has: (cluster: ClusterModel) => boolean,
): ClusterModel {
  const { query, params, viewer } = asked;
  const namespace = params['namespace'] ?? '';
  const name = query.get('clusterName') ?? query.get('cluster');
  const seen = observer.clusters.filter((one) => viewer.canSee({ cluster: one.name, namespace }));
  if (name) {
    const found = observer.model.cluster(name);
    if (!found)
      throw notFound(
        `there is no cluster ${name}`,
        `known: ${observer.clusters.map((one) => one.name).join(', ') || 'none'}`,
      );
    if (!seen.includes(found))
      throw new HttpError(403, {
        code: 'console.forbidden',
        what: `namespace ${namespace} of ${name} is not yours to see`,
      });
    if (!has(found)) throw notFound(`there is no ${what}`, `${name}/${namespace}`);
    return found;
  }
  const holders = seen.filter(has);
  if (holders.length === 0)
    throw notFound(
      `there is no ${what}`,
      `namespace ${namespace}, in none of ${seen.map((one) => one.name).join(', ')}`,
    );
  if (holders.length > 1)
    throw badRequest(`${what} is in ${holders.map((one) => one.name).join(' and ')}`, 'say which with clusterName=');
  return holders[0]!;
}
