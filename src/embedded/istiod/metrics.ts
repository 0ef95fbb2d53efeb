/** istiod's own metrics, with Istio's names, computed when they are asked for. */
import { Gauge, Registry } from 'prom-client';
import { readCertificate } from '../../pki/index.ts';
import type { CertificateAuthority } from './ca/authority.ts';
import type { MeshRegistry } from './registry/index.ts';
import type { XdsServer } from './xds/index.ts';

export function metricsRegistry(registry: MeshRegistry, xds: XdsServer, authority: CertificateAuthority): Registry {
  const register = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, registers: [register] });
  const connections = xds.connections();
  gauge('pilot_xds', 'Number of endpoints connected to this pilot using XDS.').set(connections.length);
  gauge('pilot_services', 'Total services known to pilot.').set(registry.current().services.size);
  gauge('pilot_total_xds_rejects', 'Total number of XDS responses from pilot rejected by proxy.').set(
    connections.reduce((sum, one) => sum + one.rejections, 0),
  );
  const end = (notAfter: Date): number => Math.floor(notAfter.getTime() / 1000);
  gauge(
    'citadel_server_root_cert_expiry_timestamp',
    'The unix timestamp, in seconds, when Citadel root cert will expire.',
  ).set(end(readCertificate(authority.rootPem).notAfter));
  gauge(
    'citadel_server_cert_chain_expiry_timestamp',
    'The unix timestamp, in seconds, when Citadel cert chain will expire.',
  ).set(end(authority.signerFacts.notAfter));
  const managed = gauge('istiod_managed_clusters', 'Number of clusters managed by istiod', ['cluster_type']);
  managed.set({ cluster_type: 'local' }, 1);
  managed.set({ cluster_type: 'remote' }, registry.remotes.all().length);
  const sync = gauge('istiod_remote_cluster_sync_status', 'Current synchronization status of remote clusters', [
    'cluster',
    'cluster_type',
    'status',
  ]);
  for (const { id, status } of registry.remotes.all()) sync.set({ cluster: id, cluster_type: 'remote', status }, 1);
  return register;
}
