import { type KubeObject, kinds } from '../../kube/index.ts';
import { type Check, objectOf, textOf } from '../check.ts';
import type { ClusterView } from '../patient.ts';
import { type RemoteSecret, remoteSecrets } from '../remote-secrets.ts';

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/;
const soonMs = 7 * 86_400_000;

/** istiod goes on showing a cluster as synced when its token is refused: only the cluster itself knows. */
export const remoteCredentials: Check = {
  code: 'ISM602',
  title: 'the credentials in remote secrets are good',
  async run(patient) {
    const found = await Promise.all(
      (await remoteSecrets(patient)).map(async (one) => {
        const why =
          (await faultOf(
            one,
            patient.clusters.find((each) => each.id === one.id),
          )) ?? undefined;
        if (!why) return [];
        const object = objectOf(one.primary.name, one.secret, 'Secret');
        return [
          {
            severity: why.soon ? ('warning' as const) : ('error' as const),
            message: `${textOf(object)}, key ${one.id}: ${why.text}.`,
            object,
            fix: `istioctl create-remote-secret --context=${one.id} --name=${one.id} | kubectl --context ${one.primary.name} apply -f -`,
          },
        ];
      }),
    );
    return found.flat();
  },
};

/** @param who reads by it */
export async function faultOf(
  one: RemoteSecret,
  cluster: ClusterView | undefined,
  who = 'istiod',
): Promise<{ text: string; soon?: boolean } | undefined> {
  if (one.fault) return { text: one.fault };
  if (loopback.test(one.server ?? ''))
    return { text: `it leads to ${one.server}, which is ${who}'s own pod and not an API server` };
  const end = expiryOf(one.token ?? '');
  if (end && end.getTime() < Date.now())
    return {
      text: `its token expired on ${end.toISOString().slice(0, 16)}${who === 'istiod' ? ': istiod goes on with what it read before, and new pods get no certificates' : ''}`,
    };
  if (cluster && one.token && (await isRefused(cluster, one.token)))
    return { text: `its token is refused by ${cluster.name}: it was revoked, or its account was made anew` };
  if (end && end.getTime() < Date.now() + soonMs)
    return { text: `its token expires on ${end.toISOString().slice(0, 16)}`, soon: true };
  return undefined;
}

/** Of a JWT; undefined for one without an end, and for what is none. */
function expiryOf(token: string): Date | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof exp === 'number' ? new Date(exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

async function isRefused({ client }: ClusterView, token: string): Promise<boolean> {
  const review = await client
    .create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } })
    .catch(() => undefined);
  // That we may not review says nothing of the token.
  return review !== undefined && review['status']?.authenticated !== true;
}
