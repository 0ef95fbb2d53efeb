import { stringify } from 'yaml';

export interface KubeconfigEntry {
  name: string;
  server: string;
  caPem: string;
  clientCertPem: string;
  clientKeyPem: string;
}

/** One kubeconfig for several clusters; contexts, clusters and users are named like the clusters, the first is current. */
export function kubeconfigOf(entries: KubeconfigEntry[]): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': entries[0]?.name ?? '',
    preferences: {},
    clusters: entries.map((entry) => ({
      name: entry.name,
      cluster: { server: entry.server, 'certificate-authority-data': base64(entry.caPem) },
    })),
    users: entries.map((entry) => ({
      name: entry.name,
      user: { 'client-certificate-data': base64(entry.clientCertPem), 'client-key-data': base64(entry.clientKeyPem) },
    })),
    contexts: entries.map((entry) => ({ name: entry.name, context: { cluster: entry.name, user: entry.name } })),
  });
}
