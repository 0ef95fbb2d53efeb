import type { ClusterModel } from '../model/cluster-model.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import type { RemoteSecret, RemoteTarget } from '../model/remote-secret.ts';
import type { RemoteSecretView } from '../types/index.ts';
import type { ClusterFacts } from './facts.ts';

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/;
const dayMs = 86_400_000;
/** A token that ends within this is told of before it does. */
const soonMs = 7 * dayMs;

/** The remote secrets of a cluster, each judged. */
export function remoteSecretsOf(
  cluster: ClusterModel,
  facts: ClusterFacts,
  model: MeshModel,
  now = Date.now(),
): RemoteSecretView[] {
  return cluster.list<RemoteSecret>('RemoteSecret').flatMap((secret) =>
    secret.targets.map((target) => {
      const { namespace = '', name = '' } = secret.metadata;
      const synced = facts.istiods.flatMap((one) => one.clusterz ?? []).find((one) => one.id === target.cluster);
      return {
        cluster: cluster.name,
        namespace,
        name,
        target: target.cluster,
        ...(target.server ? { server: target.server } : {}),
        ...(target.tokenExpires ? { tokenExpires: target.tokenExpires } : {}),
        ...(synced ? { syncStatus: synced.syncStatus } : {}),
        ...judge({
          cluster,
          secret,
          target,
          facts,
          model,
          now,
          syncStatus: synced?.syncStatus,
          lastError: synced?.lastError,
        }),
      };
    }),
  );
}

function judge(one: {
  cluster: ClusterModel;
  secret: RemoteSecret;
  target: RemoteTarget;
  facts: ClusterFacts;
  model: MeshModel;
  now: number;
  syncStatus: string | undefined;
  lastError: string | undefined;
}): Pick<RemoteSecretView, 'state' | 'why' | 'fix'> {
  const { cluster, secret, target, facts, model, now, syncStatus, lastError } = one;
  const { namespace, name } = secret.metadata;
  const other = model.cluster(target.cluster);
  const anew = `istioctl create-remote-secret --context ${other?.context ?? target.cluster} --name ${target.cluster} | kubectl --context ${cluster.context} apply -f -`;
  const broken = (why: string, fix = anew) => ({ state: 'broken' as const, why, fix });
  if (target.fault) return broken(target.fault);
  if (target.server && loopback.test(target.server))
    return broken(
      `it leads to ${target.server}, which is istiod's own pod and not the API server of ${target.cluster}`,
    );
  const expires = target.tokenExpires ? Date.parse(target.tokenExpires) : undefined;
  if (expires !== undefined && expires <= now) return broken(`its token ended at ${target.tokenExpires}`);
  const review = facts.tokens.get(`${namespace}/${name}/${target.cluster}`);
  if (review?.authenticated === false)
    return broken(`its token is refused by ${target.cluster}: it was revoked, or its account was made anew`);
  if (syncStatus && !/^synced$/i.test(syncStatus))
    return broken(
      `istiod has not read ${target.cluster}: ${syncStatus}${lastError ? `, ${lastError}` : ''}`,
      `kubectl --context ${cluster.context} -n ${namespace} logs deploy/istiod`,
    );
  if (other && !other.api.reachable)
    return { state: 'unknown', why: `the API server of ${target.cluster} gives no answer: ${other.api.reason}` };
  if (expires !== undefined && expires - now < soonMs)
    return { state: 'degraded', why: `its token ends in ${Math.ceil((expires - now) / dayMs)} days`, fix: anew };
  return { state: 'ok' };
}
