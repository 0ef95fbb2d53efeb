import type { MeshCluster } from '../../spec/index.ts';
import { type Claim, fail, pass, unknown, type Verdict, type VerifyContext } from '../fact.ts';
import { limited } from '../limited.ts';
import { openProbe, type Probe, type Reply } from '../probe.ts';
import { until } from '../until.ts';

/**
 * Plain text is refused where mutual TLS is STRICT. Tried on a server of its own in a namespace of its own, which is taken away again:
 * first, where the policy allows it, the stranger is let in; then, under STRICT, he is refused and the friend is still let in.
 */
export function strict(context: VerifyContext): Claim[] {
  return context.mesh.clusters.map((cluster) => ({
    id: `strict/${cluster.name}`,
    title: `plain text is refused under STRICT in ${cluster.name}`,
    clusters: [cluster.name],
    expected: 'a client without mutual TLS is let in before the policy and refused under it; a mesh client is let in',
    measure: () => limited(context, 'probe', probesAtOnce, () => measure(context, cluster)),
  }));
}

const probesAtOnce = 3;

async function measure(context: VerifyContext, cluster: MeshCluster): Promise<Verdict> {
  const probe = await openProbe(context, cluster);
  let verdict: Verdict;
  try {
    verdict = await compare(probe, context.signal);
  } catch (error) {
    await probe.close();
    throw error;
  }
  const left = await probe.close();
  return left ? { ...verdict, ...left, measured: `${verdict.measured}; something was left behind` } : verdict;
}

/** The server is reached by whom it lets in. Other statuses of the API server, as 404, are no refusal by the proxy. */
const isIn = ({ status }: Reply): boolean => status === 200;
export const isRefused = ({ status, said }: Reply): boolean =>
  status >= 500 && /reset|refused|EOF|closed|hang up|trying to reach/i.test(said);

export async function compare(probe: Omit<Probe, 'close'>, signal: AbortSignal): Promise<Verdict> {
  await probe.apply('PERMISSIVE');
  const open = await until(() => probe.stranger(), isIn, { withinMs: 5_000, signal });
  if (!isIn(open))
    return unknown(`plain text before the policy: ${tell(open)}`, {
      why: `it is refused without STRICT too, so that a refusal under it would prove nothing: ${open.said}`,
    });
  await probe.apply('STRICT');
  const refused = await until(() => probe.stranger(), isRefused, { withinMs: 10_000, everyMs: 50, signal });
  const friend = await until(() => probe.friend(), isIn, { withinMs: 10_000, signal });
  const measured = `plain text before ${tell(open)}, under STRICT ${tell(refused)}; mesh client ${tell(friend)}`;
  if (isIn(refused))
    return fail(measured, {
      why: 'the proxy does not enforce the policy: it has not been given, or not accepted, its newest configuration',
      fix: 'isthmus status',
    });
  if (!isRefused(refused))
    return unknown(measured, { why: `the proxy neither let it in nor refused it: ${refused.said}` });
  if (isIn(friend)) return pass(measured);
  return fail(measured, {
    why: `the policy shuts out clients of the mesh as well: ${friend.said || `they get ${friend.status}`}`,
    fix: 'isthmus status',
  });
}

const tell = (reply: Reply): string => (isRefused(reply) ? 'refused' : String(reply.status || 'no answer'));
