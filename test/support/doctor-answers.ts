/** What the doctor finds and proxies show, in the mesh of console-answers: errors, warnings, and what could not be read. */
import type { DoctorReport, ProxyCertificate, ProxyCertificates } from '../../src/console/api.ts';

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

export const doctorReport: DoctorReport = {
  examinedAt: ago(20),
  running: false,
  healthy: false,
  counts: { error: 1, warning: 1, info: 0 },
  examined: ['east', 'west'],
  findings: [
    {
      id: 'ISM601 west',
      code: 'ISM601',
      severity: 'error',
      title: 'remote secrets lie where istiod reads them',
      message:
        'Secret west/default/istio-remote-secret-east is read by nobody: istiod reads those of istio-system alone.',
      object: { cluster: 'west', kind: 'Secret', namespace: 'default', name: 'istio-remote-secret-east' },
      fix: 'move it; kubectl --context west -n default delete secret istio-remote-secret-east',
      since: ago(90),
    },
    {
      id: 'ISM801 east',
      code: 'ISM801',
      severity: 'warning',
      title: 'configuration lies where a control plane reads it',
      message: 'VirtualService east/sample/helloworld has no effect.',
      object: { cluster: 'east', kind: 'VirtualService', namespace: 'sample', name: 'helloworld' },
      fix: 'kubectl --context east apply -f -',
      since: ago(4000),
    },
  ],
  checks: [
    { code: 'ISM201', title: 'proxies of all clusters trust one root', state: 'passed' },
    { code: 'ISM601', title: 'remote secrets lie where istiod reads them', state: 'found' },
    { code: 'ISM604', title: 'istiod reads every cluster of its mesh', state: 'unknown', why: 'istiod gave no answer' },
    { code: 'ISM801', title: 'configuration lies where a control plane reads it', state: 'found' },
  ],
  unread: [{ cluster: 'north', what: 'Services', why: 'connect ECONNREFUSED 192.168.49.4:6443' }],
};

export const nothingFound: DoctorReport = {
  ...doctorReport,
  healthy: true,
  counts: { error: 0, warning: 0, info: 0 },
  findings: [],
  checks: doctorReport.checks.map(({ code, title }) => ({ code, title, state: 'passed' })),
  unread: [],
};

const certificate = (cluster: string, workload: string, ends: number): ProxyCertificate => ({
  cluster,
  namespace: 'sample',
  pod: `${workload}-1`,
  workload,
  identity: `spiffe://cluster.local/ns/sample/sa/${workload}`,
  issuer: `O=Istio, CN=Intermediate CA, L=${cluster}`,
  serialNumber: '01',
  fingerprint: `${cluster}${workload}`,
  notBefore: ago(86_400),
  notAfter: ago(-ends),
  trusts: [{ fingerprint: 'd8b2da2bdf03be4d', subject: 'O=Istio, CN=Root CA', notAfter: ago(-86_400 * 3000) }],
  state: ends < 0 ? 'broken' : 'ok',
  ...(ends < 0 ? { why: 'it has ended', fix: `kubectl --context ${cluster} -n sample delete pod ${workload}-1` } : {}),
  readAt: ago(5),
});

export const proxyCertificates: ProxyCertificates = {
  certificates: [certificate('east', 'curl', 80_000), certificate('west', 'helloworld-v2', -60)],
  unread: [],
  problems: [],
};
