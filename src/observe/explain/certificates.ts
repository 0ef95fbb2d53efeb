/** Whether two proxies would accept each other's certificates: chain, dates and names, each against what the other trusts. */
import { readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import type { ProxyDump } from './envoy/dump.ts';
import { stringFits } from './envoy/routes.ts';
import { ownCertificate, trustedRoots } from './envoy/tls.ts';
import type { Deviation, Place } from './types.ts';

interface Side {
  dump: ProxyDump;
  at: Place;
  /** Names that this side accepts of the other; empty: any. */
  accepts: any[];
}

export interface Handshake {
  details: string[];
  deviations: Deviation[];
  /** SPIFFE ID of the client, once the server has accepted it. */
  clientIdentity: string | undefined;
}

const placeText = ({ cluster, namespace, pod }: Place): string => [cluster, namespace, pod].filter(Boolean).join('/');

export function handshake(client: Side, server: Side, now = new Date()): Handshake {
  const made: Handshake = { details: [], deviations: [], clientIdentity: undefined };
  judge(made, 'server', server, client, now);
  made.clientIdentity = judge(made, 'client', client, server, now);
  return made;
}

/** The certificate of `shown` as `judging` sees it. */
function judge(made: Handshake, role: string, shown: Side, judging: Side, now: Date): string | undefined {
  const pem = ownCertificate(shown.dump);
  const restart = `kubectl --context ${shown.at.cluster} -n ${shown.at.namespace} delete pod ${shown.at.pod}`;
  const object = {
    cluster: shown.at.cluster,
    kind: 'Pod',
    ...(shown.at.namespace ? { namespace: shown.at.namespace } : {}),
    name: shown.at.pod ?? '',
  };
  const deviate = (code: Deviation['code'], message: string, fix: string): void => {
    made.deviations.push({ code, severity: 'error', message, object, fix });
  };
  if (!pem) {
    deviate(
      'certificate-missing',
      `The proxy of ${placeText(shown.at)} has no certificate: istiod has signed none for it.`,
      `kubectl --context ${shown.at.cluster} -n ${shown.at.namespace} logs ${shown.at.pod} -c istio-proxy`,
    );
    return undefined;
  }
  const leaf = readCertificate(pem);
  const identity = leaf.uris[0] ?? leaf.subject;
  made.details.push(
    `${role} certificate ${identity}, by ${leaf.issuer}, until ${leaf.notAfter.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  );
  const roots = trustedRoots(judging.dump) ?? '';
  const [leafPem = '', ...intermediates] = splitPem(pem);
  const chain = verifyChain({ leafPem, intermediatesPem: intermediates.join(''), rootPem: roots, at: now });
  if (!chain.ok) {
    const isDate = /expired on|not valid before/.test(chain.why);
    const trusted =
      splitPem(roots)
        .map((one) => readCertificate(one).fingerprint.slice(0, 16))
        .join(', ') || 'no root at all';
    deviate(
      isDate ? 'certificate-expired' : 'certificate-other-root',
      isDate
        ? `The certificate of ${placeText(shown.at)} is refused: ${chain.why}.`
        : `The certificate of ${placeText(shown.at)} is not signed below a root that ${placeText(judging.at)} trusts (${trusted}): ${chain.why}.`,
      isDate ? restart : `compare the roots: isthmus verify; then restart what has the older certificate: ${restart}`,
    );
  }
  if (judging.accepts.length > 0 && !leaf.uris.some((uri) => judging.accepts.some((one) => stringFits(one, uri))))
    deviate(
      'san-mismatch',
      `${placeText(judging.at)} expects ${judging.accepts.map((one) => one.exact ?? one.prefix ?? JSON.stringify(one)).join(', ')} and is shown ${identity}.`,
      restart,
    );
  return identity;
}
