import { messageOf } from '../../errors/index.ts';
import { readCertificate, splitPem, verifyChain } from '../../pki/index.ts';
import type { CaSecret } from '../model/ca-secret.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { CertificateView, ClusterTrust, ProxyCertificateSummary, RootView, State } from '../types/index.ts';
import { meshConfigOf } from './control-planes.ts';

const dayMs = 86_400_000;
const soonMs = 30 * dayMs;

/** Roots and intermediates of a cluster, as proxies are given them and as its CA has them. `sharedWith` is filled when all are known. */
export function trustOf(cluster: ClusterModel, now = Date.now()): ClusterTrust {
  const certificates: CertificateView[] = [];
  const faults: string[] = [];
  const add = (pem: string, kind: CertificateView['kind'], from: string): void => {
    for (const one of splitPem(pem))
      try {
        certificates.push(viewOf(one, kind, from, now));
      } catch (error) {
        faults.push(`a certificate of ${from} cannot be read: ${messageOf(error)}`);
      }
  };
  let proxiesRoot: string | undefined;
  for (const namespace of cluster.rootNamespaces) {
    const given: string = cluster.get('ConfigMap', namespace, 'istio-ca-root-cert')?.['data']?.['root-cert.pem'] ?? '';
    if (given) {
      add(given, 'root', `ConfigMap ${namespace}/istio-ca-root-cert`);
      proxiesRoot ??= given;
    }
    const secret = cluster.get<CaSecret>('CaSecret', namespace, 'cacerts');
    if (!secret) continue;
    const from = `Secret ${namespace}/cacerts`;
    add(secret.rootPem, 'root', from);
    add(secret.caPem, 'intermediate', from);
    const chain = verifyChain({
      leafPem: secret.caPem,
      intermediatesPem: secret.chainPem,
      rootPem: secret.rootPem,
      at: new Date(now),
    });
    if (!chain.ok) faults.push(`the CA in ${from} does not hold: ${chain.why}`);
  }
  const roots = certificates.filter((one) => one.kind === 'root');
  const fingerprint = roots.map((one) => one.fingerprint)[0];
  if (proxiesRoot && new Set(roots.map((one) => one.fingerprint)).size > 1)
    faults.push('proxies are given another root than the CA hangs below');
  for (const one of certificates)
    if (one.state === 'broken' && !faults.some((fault) => fault.includes('expired')))
      faults.push(`${one.kind} certificate of ${one.from} expired at ${one.notAfter}`);
  const soon = certificates.find((one) => one.state === 'degraded');
  const trustDomain = cluster.rootNamespaces.map((one) => meshConfigOf(cluster, one)?.trustDomain).find(Boolean);
  const verdict: { state: State; why?: string; fix?: string } = faults[0]
    ? {
        state: 'broken',
        why: faults.join('; '),
        fix: 'isthmus up makes certificates of clusters that it has made; else see `istioctl` and your CA',
      }
    : certificates.length === 0
      ? {
          state: 'unknown',
          why: 'no root certificate is seen: no istio-ca-root-cert, and no cacerts, or no right to read them',
        }
      : soon
        ? { state: 'degraded', why: `${soon.kind} certificate of ${soon.from} ends at ${soon.notAfter}` }
        : { state: 'ok' };
  return {
    ...(trustDomain ? { trustDomain: String(trustDomain) } : {}),
    ...(fingerprint ? { rootFingerprint: fingerprint } : {}),
    certificates,
    sharedWith: [],
    ...verdict,
  };
}

/** One proxy whose certificate has ended is not the whole cluster; when it is all of them, nothing between proxies works. */
export function withWorkloads(trust: ClusterTrust, workloads: ProxyCertificateSummary | undefined): ClusterTrust {
  if (!workloads) return trust;
  const isWhole = workloads.expired + workloads.foreign === workloads.read;
  const state = isWhole ? workloads.state : workloads.state === 'ok' ? 'ok' : 'degraded';
  if (state === 'ok' || !['ok', state === 'broken' ? 'degraded' : ''].includes(trust.state))
    return { ...trust, workloads };
  return { ...trust, workloads, state, why: `proxies: ${workloads.why}` };
}

function viewOf(pem: string, kind: CertificateView['kind'], from: string, now: number): CertificateView {
  const { subject, issuer, fingerprint, notBefore, notAfter } = readCertificate(pem);
  const end = notAfter.getTime();
  return {
    kind,
    from,
    subject,
    issuer,
    fingerprint,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    state: end <= now || notBefore.getTime() > now ? 'broken' : end - now < soonMs ? 'degraded' : 'ok',
  };
}

export function rootsOf(trusts: { cluster: string; trust: ClusterTrust }[]): RootView[] {
  const roots = new Map<string, RootView>();
  for (const { cluster, trust } of trusts)
    for (const one of trust.certificates.filter((certificate) => certificate.kind === 'root')) {
      const known = roots.get(one.fingerprint) ?? {
        fingerprint: one.fingerprint,
        subject: one.subject,
        notAfter: one.notAfter,
        clusters: [],
      };
      if (!known.clusters.includes(cluster)) known.clusters.push(cluster);
      roots.set(one.fingerprint, known);
    }
  return [...roots.values()];
}
