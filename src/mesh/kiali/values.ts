/** What Isthmus tells the chart kiali-server, in Kiali's own terms. */
import type { KialiInstallation, Mesh } from '../../spec/index.ts';
import { merged } from '../istio/index.ts';
import { systemNamespace } from '../part.ts';

/** Name of the Deployment, the account and the configuration. */
export const kialiName = 'kiali';
/** The Secret and its key that hold what sign-in tokens are signed with. */
export const loginToken = { secret: 'kiali-login-token', key: 'key' } as const;
/** As Kiali's own script names it, so that one made by that script is met and not doubled. */
export const kialiSecretName = (cluster: string): string => `kiali-remote-cluster-secret-${cluster}`;

const fixed = { instance_name: kialiName, cluster_wide_access: true };

/** The home cluster's: Kiali itself. @param remotesHash changes when a kubeconfig does, which Kiali reads at its start only. */
export function homeValues(mesh: Mesh, kiali: KialiInstallation, remotesHash: string): Record<string, unknown> {
  const remotes = mesh.clusters.filter(({ name }) => name !== kiali.homeCluster);
  const values = merged(
    {
      auth: { strategy: kiali.auth },
      deployment: {
        view_only_mode: kiali.viewOnly,
        pod_annotations: { 'isthmus.dev/remotes-hash': remotesHash },
        // The chart's probe begins after 30 s and gives up after 90 s, in which all clusters must have been read.
        probes: {
          startup: { initial_delay_seconds: 5, period_seconds: 5, failure_threshold: 36 },
          readiness: { period_seconds: 5 },
        },
      },
      external_services: {
        prometheus: { url: kiali.prometheus ?? `http://prometheus.${systemNamespace}:9090` },
        istio: { root_namespace: systemNamespace },
        // The mesh has neither; Kiali takes the first for granted.
        grafana: { enabled: false },
        tracing: { enabled: false },
      },
    },
    kiali.values,
  );
  const stated = values['clustering']?.clusters ?? [];
  return merged(values, {
    // Helm finds labelled Secrets when it installs, not when it renders: each is named.
    clustering: {
      // In a cluster that is not of the mesh there is nothing for it to show.
      ...(kiali.management ? { ignore_home_cluster: true } : {}),
      clusters: [...stated, ...remotes.map(({ name }) => ({ name, secret_name: kialiSecretName(name) }))],
    },
    deployment: { ...fixed, remote_cluster_resources_only: false },
    // Kiali's names for clusters must be Istio's: metrics and istiod speak of those.
    kubernetes_config: { cluster_name: kiali.homeCluster },
    login_token: { signing_key: `secret:${loginToken.secret}:${loginToken.key}` },
  });
}

/** Another cluster's: the account by which Kiali reads it, and no Kiali. */
export function remoteValues(kiali: KialiInstallation): Record<string, unknown> {
  const base = { auth: { strategy: kiali.auth }, deployment: { view_only_mode: kiali.viewOnly } };
  return merged(merged(base, kiali.values), { deployment: { ...fixed, remote_cluster_resources_only: true } });
}
