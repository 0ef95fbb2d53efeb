/** Whether Kiali can run in this mesh, and would see all of it. */
import type { ClusterDraft } from './cross-checks.ts';
import { nearest } from './nearest.ts';
import type { Finding } from './problem.ts';
import { valueAt } from './shape.ts';

const path = ['spec', 'kiali'];

export function checkKiali(root: unknown, clusters: ClusterDraft[]): Finding[] {
  const kiali = valueAt(root, path);
  if (valueAt(kiali, ['enabled']) !== true) return [];
  const embedded = clusters.filter((one) => one.embedded).map((one) => one.name ?? 'a cluster');
  if (embedded.length > 0)
    return [
      {
        path: [...path, 'enabled'],
        message: `Kiali cannot be installed: ${embedded.join(' and ')} ${embedded.length > 1 ? 'are' : 'is'} embedded, where there is no image of Kiali and whose API servers other clusters do not reach`,
        fix: 'leave kiali out, and use `isthmus console`, which shows the same',
      },
    ];
  const management = valueAt(kiali, ['managementCluster']);
  const home = management ? checkManagement(kiali, clusters) : checkHome(valueAt(kiali, ['homeCluster']), clusters);
  return home.length > 0 ? home : [...checkAuth(kiali, clusters), ...checkPrometheus(root, kiali, clusters)];
}

function checkManagement(kiali: unknown, clusters: ClusterDraft[]): Finding[] {
  const at = [...path, 'managementCluster'];
  if (valueAt(kiali, ['homeCluster']) !== undefined)
    return [
      {
        path: [...path, 'homeCluster'],
        atKey: true,
        message: 'Kiali has one home, and managementCluster is one',
        fix: 'keep either homeCluster or managementCluster',
      },
    ];
  const [name, context, kubeconfig] = ['name', 'context', 'kubeconfig'].map((key) =>
    valueAt(kiali, ['managementCluster', key]),
  );
  if (clusters.some((one) => one.name === name))
    return [
      {
        path: [...at, 'name'],
        message: `"${name}" is already the name of a cluster of the mesh`,
        fix: 'give it a name of its own; for a cluster of the mesh write homeCluster',
      },
    ];
  const same = clusters.find((one) => one.existing?.context === context && one.existing?.kubeconfig === kubeconfig);
  if (!same) return [];
  return [
    {
      path: [...at, 'context'],
      message: `context "${context}" is that of ${same.name ?? 'a cluster of the mesh'}`,
      fix: `write homeCluster: ${same.name ?? 'NAME'}, or name the context of a cluster outside of the mesh`,
    },
  ];
}

function checkHome(home: unknown, clusters: ClusterDraft[]): Finding[] {
  const names = clusters.map((one) => one.name).filter((name) => name !== undefined);
  if (typeof home !== 'string' || names.includes(home)) return [];
  const near = nearest(home, names);
  return [
    {
      path: [...path, 'homeCluster'],
      message: `there is no cluster "${home}"`,
      fix: near ? `did you mean ${near}?` : `the clusters are ${names.join(', ')}`,
    },
  ];
}

/** Who signs in with a token of one cluster is nobody in the others. */
function checkAuth(kiali: unknown, clusters: ClusterDraft[]): Finding[] {
  const isOutside = valueAt(kiali, ['managementCluster']) !== undefined;
  if (valueAt(kiali, ['auth']) !== 'token' || (clusters.length < 2 && !isOutside)) return [];
  return [
    {
      path: [...path, 'auth'],
      message: 'a token is of one cluster, and Kiali would ask all clusters with it',
      fix: 'write auth: anonymous or openid',
    },
  ];
}

/** Kiali asks a single Prometheus. A primary's has the series of its own remotes, and of nobody else. */
function checkPrometheus(root: unknown, kiali: unknown, clusters: ClusterDraft[]): Finding[] {
  if (valueAt(kiali, ['prometheus']) !== undefined) return [];
  const telemetry = valueAt(root, ['spec', 'telemetry']);
  const fix = "name the one that has all clusters' series: prometheus: http://host:port";
  const at = { path, atKey: true, fix };
  if (valueAt(kiali, ['managementCluster']) !== undefined)
    return [
      { ...at, message: 'a management cluster has no Prometheus of the mesh, and Kiali needs one that it reaches' },
    ];
  if (valueAt(telemetry, ['enabled']) === false)
    return [{ ...at, message: 'Kiali needs a Prometheus, and there is none' }];
  const stated = valueAt(kiali, ['homeCluster']);
  const home = clusters.find((one) => (stated === undefined ? one.role === 'primary' : one.name === stated));
  if (!home) return [];
  const federates = home.role === 'primary' && valueAt(telemetry, ['federation']) !== false;
  const unseen = clusters.filter(
    (one) => one !== home && !(federates && one.role === 'remote' && one.primary === home.name),
  );
  if (unseen.length === 0) return [];
  const names = unseen.map((one) => one.name ?? 'a cluster').join(', ');
  return [{ ...at, message: `the Prometheus of ${home.name} has no series of ${names}, and Kiali asks no other` }];
}
