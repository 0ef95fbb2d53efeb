/** Whether a proxy's certificate is good now, and when it is worth while to look again. */
import type { State } from '../types/index.ts';
import type { ShownCertificate } from './read.ts';

/** Istio's agent renews at half of the life: who comes here was not renewed. */
const endingAfter = 0.9;
/** Just after renewal should have been, before it is told of, and at the end. */
const looks = [0.55, 0.75, endingAfter, 1];

export function judgeCertificate(
  one: ShownCertificate,
  now: number,
): { state: State; kind?: 'expired' | 'ending' | 'foreign'; why?: string } {
  const { notBefore, notAfter } = one;
  const end = new Date(notAfter).toISOString();
  if (notAfter <= now)
    return {
      state: 'broken',
      kind: 'expired',
      why: `its certificate ended at ${end} and was not renewed: connections of mutual TLS are refused`,
    };
  if (notBefore > now)
    return {
      state: 'broken',
      kind: 'expired',
      why: `its certificate holds from ${new Date(notBefore).toISOString()} on only: clocks differ`,
    };
  if (one.isOwnRoot === false)
    return {
      state: 'broken',
      kind: 'foreign',
      why: `its certificate, signed by ${one.issuer}, is not below the root that proxies of its cluster are given`,
    };
  if (now > notBefore + (notAfter - notBefore) * endingAfter)
    return {
      state: 'degraded',
      kind: 'ending',
      why: `its certificate ends at ${end}, and should have been renewed at half of its life`,
    };
  return { state: 'ok' };
}

/** Milliseconds since 1970: the next moment of its life at which something may be different; undefined after its end. */
export function nextLook({ notBefore, notAfter }: ShownCertificate, now: number): number | undefined {
  return looks.map((part) => notBefore + (notAfter - notBefore) * part + 500).find((time) => time > now);
}
