/**
 * What compares fields with each other: names, roles, ranges, files. It reads the raw content and looks only at what has the right form,
 * since it must also run on a file with mistakes of shape.
 */
import { dirname, resolve } from 'node:path';
import { checkAddresses } from './cross-addresses.ts';
import { checkKiali } from './cross-kiali.ts';
import { nearest } from './nearest.ts';
import type { Finding, Path } from './problem.ts';
import { valueAt } from './shape.ts';

export interface ClusterDraft {
  /** Place in the list. */
  index: number;
  name: string | undefined;
  network: string | undefined;
  role: string | undefined;
  primary: string | undefined;
  embedded: boolean;
  existing: { context: string | undefined; kubeconfig: string | undefined } | undefined;
  raw: Record<string, unknown>;
}

export interface CrossCheckOptions {
  /** The file's name; paths in it are relative to its folder. */
  fileName: string;
  exists: (path: string) => boolean;
}

export function crossCheck(root: unknown, options: CrossCheckOptions): Finding[] {
  const list = valueAt(root, ['spec', 'clusters']);
  const clusters = (Array.isArray(list) ? list : []).map(draftOf).filter((draft) => draft !== undefined);
  return [
    ...checkNames(clusters),
    ...checkRoles(clusters),
    ...checkNetworks(clusters),
    ...checkContexts(clusters),
    ...checkAddresses(root, clusters),
    ...checkTrust(root, clusters, options),
    ...checkImages(root),
    ...checkControlPlane(root, clusters),
    ...checkTelemetry(root),
    ...checkKiali(root, clusters),
  ];
}

function draftOf(raw: unknown, index: number): ClusterDraft | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const text = (...path: string[]): string | undefined => {
    const value = valueAt(raw, path);
    return typeof value === 'string' ? value : undefined;
  };
  const existing = valueAt(raw, ['provider', 'existing']);
  return {
    index,
    name: text('name'),
    network: text('network'),
    role: text('role'),
    primary: text('primary'),
    embedded: text('provider') === 'embedded' || valueAt(raw, ['provider']) === undefined,
    existing:
      typeof existing === 'object' && existing !== null
        ? { context: text('provider', 'existing', 'context'), kubeconfig: text('provider', 'existing', 'kubeconfig') }
        : undefined,
    raw: raw as Record<string, unknown>,
  };
}

const place = (cluster: ClusterDraft, ...rest: string[]): Path => ['spec', 'clusters', cluster.index, ...rest];

function checkNames(clusters: ClusterDraft[]): Finding[] {
  return clusters.flatMap((cluster) => {
    const first = clusters.find((other) => cluster.name !== undefined && other.name === cluster.name);
    if (!first || first === cluster) return [];
    return {
      path: place(cluster, 'name'),
      message: `"${cluster.name}" is already the name of the ${ordinal(first.index + 1)} cluster`,
      fix: 'give each cluster a name of its own',
    };
  });
}

function checkRoles(clusters: ClusterDraft[]): Finding[] {
  const findings: Finding[] = [];
  // A cluster whose role is misspelt may be the primary that others name.
  const names = clusters.filter((cluster) => cluster.role !== 'remote' && cluster.name).map((cluster) => cluster.name!);
  const choice = names.length === 0 ? undefined : `write primary: ${names.join(' or ')}`;
  for (const cluster of clusters) {
    if (cluster.role === 'primary' && cluster.primary !== undefined && cluster.primary !== cluster.name)
      findings.push({
        path: place(cluster, 'primary'),
        message: 'a primary is served by itself',
        fix: 'leave this key out, or write role: remote',
      });
    if (cluster.role !== 'remote') continue;
    if (!Object.hasOwn(cluster.raw, 'primary')) {
      findings.push({
        path: place(cluster, 'role'),
        message: `it is not said which primary serves ${cluster.name ?? 'this remote'}`,
        fix: choice,
      });
      continue;
    }
    if (cluster.primary === undefined) continue;
    const target = clusters.find((other) => other.name === cluster.primary);
    const path = place(cluster, 'primary');
    if (cluster.primary === cluster.name)
      findings.push({ path, message: 'a remote cannot be its own primary', fix: choice ?? 'write role: primary' });
    else if (!target) {
      const near = nearest(cluster.primary, names);
      findings.push({
        path,
        message: `there is no cluster "${cluster.primary}"`,
        fix: near ? `did you mean ${near}?` : choice,
      });
    } else if (target.role === 'remote')
      findings.push({ path, message: `${cluster.primary} is itself a remote and has no control plane`, fix: choice });
  }
  if (clusters.length > 0 && clusters.every((cluster) => cluster.role === 'remote'))
    findings.push({
      path: ['spec', 'clusters'],
      atKey: true,
      message: 'no cluster has a control plane',
      fix: 'write role: primary for one of them',
    });
  return findings;
}

/** Embedded clusters exist inside of this machine only: one network for one of them and a real cluster would be a promise that does not hold. */
function checkNetworks(clusters: ClusterDraft[]): Finding[] {
  const named = clusters.filter((cluster) => cluster.network);
  return named.flatMap((cluster) => {
    const stranger = named.find((other) => other.network === cluster.network && other.embedded !== cluster.embedded);
    if (!stranger || stranger.index > cluster.index) return [];
    return {
      path: place(cluster, 'network'),
      message: `${stranger.name ?? 'an earlier cluster'} is on "${cluster.network}" too, but pods of an embedded cluster and of a real one cannot reach each other directly`,
      fix: 'give them networks of their own',
    };
  });
}

function checkContexts(clusters: ClusterDraft[]): Finding[] {
  const key = (cluster: ClusterDraft) => `${cluster.existing?.kubeconfig ?? ''} ${cluster.existing?.context ?? ''}`;
  const existing = clusters.filter((cluster) => cluster.existing?.context);
  return existing.flatMap((cluster) => {
    const first = existing.find((other) => key(other) === key(cluster))!;
    if (first === cluster) return [];
    return {
      path: place(cluster, 'provider', 'existing', 'context'),
      message: `context "${cluster.existing?.context}" is already used for ${first.name ?? 'an earlier cluster'}`,
      fix: 'name the context of another cluster',
    };
  });
}

function checkTrust(root: unknown, clusters: ClusterDraft[], options: CrossCheckOptions): Finding[] {
  const path = ['spec', 'trust', 'files'];
  const files = valueAt(root, path);
  if (typeof files !== 'object' || files === null) return [];
  const findings: Finding[] = [];
  if (valueAt(root, ['spec', 'trust', 'generated']) !== undefined)
    findings.push({
      path: ['spec', 'trust', 'generated'],
      atKey: true,
      message: 'the root cannot be both generated and yours',
      fix: 'keep either generated or files',
    });
  const perCluster = valueAt(files, ['clusters']);
  const hasKey = valueAt(files, ['rootKey']) !== undefined;
  if (hasKey === (perCluster !== undefined))
    findings.push({
      path,
      atKey: true,
      message: hasKey ? 'rootKey and clusters exclude each other' : 'nothing here can sign workload certificates',
      fix: "write rootKey (an intermediate is then made per cluster), or each cluster's own under clusters",
    });
  const names = clusters.map((cluster) => cluster.name).filter((name) => name !== undefined);
  if (typeof perCluster === 'object' && perCluster !== null) {
    for (const name of Object.keys(perCluster).filter((key) => !names.includes(key))) {
      const near = nearest(name, names);
      findings.push({
        path: [...path, 'clusters', name],
        atKey: true,
        message: `there is no cluster "${name}"`,
        fix: near ? `did you mean ${near}?` : `the clusters are ${names.join(', ')}`,
      });
    }
    for (const name of names.filter((name) => !Object.hasOwn(perCluster, name)))
      findings.push({
        path: [...path, 'clusters'],
        atKey: true,
        message: `the intermediate of cluster ${name} is missing`,
        fix: `write ${name}: {caCert: ..., caKey: ..., certChain: ...}`,
      });
  }
  return [...findings, ...missingFiles(files, path, options)];
}

function missingFiles(files: object, base: Path, options: CrossCheckOptions): Finding[] {
  const places: Path[] = [['rootCert'], ['rootKey']];
  const perCluster = valueAt(files, ['clusters']);
  if (typeof perCluster === 'object' && perCluster !== null)
    for (const name of Object.keys(perCluster))
      places.push(...['caCert', 'caKey', 'certChain'].map((key) => ['clusters', name, key]));
  return places.flatMap((rest) => {
    const value = valueAt(files, rest);
    if (typeof value !== 'string' || value === '') return [];
    const absolute = resolve(dirname(options.fileName), value);
    if (options.exists(absolute)) return [];
    return {
      path: [...base, ...rest],
      message: `there is no file ${absolute}`,
      fix: 'paths are relative to the folder of this file',
    };
  });
}

/** A reference as `docker pull` takes it. */
const imageReference =
  /^[a-z0-9]+([._-]+[a-z0-9]+)*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

function checkImages(root: unknown): Finding[] {
  const images = valueAt(root, ['spec', 'images']);
  if (typeof images !== 'object' || images === null || Array.isArray(images)) return [];
  return Object.keys(images)
    .filter((reference) => !imageReference.test(reference))
    .map((reference) => ({
      path: ['spec', 'images', reference],
      atKey: true,
      message: `"${reference}" is not an image reference`,
      fix: 'write it as pods do, for example registry.example/team/program:1.0',
    }));
}

/** In embedded clusters the image of istiod stands for Isthmus' own unless the file names another program for it. */
function checkControlPlane(root: unknown, clusters: ClusterDraft[]): Finding[] {
  const stated = valueAt(root, ['spec', 'controlPlane']);
  const implementation = typeof stated === 'string' ? stated : valueAt(stated, ['implementation']);
  if (implementation !== 'istio' || !clusters.some((cluster) => cluster.embedded && cluster.role === 'primary'))
    return [];
  const images = Object.keys((valueAt(root, ['spec', 'images']) as object | undefined) ?? {});
  if (images.some((reference) => /(^|\/)pilot(:|@|$)/.test(reference))) return [];
  return [
    {
      path: ['spec', 'controlPlane'],
      atKey: true,
      message: "embedded clusters cannot pull Istio's image, and no program stands for it",
      fix: 'write under spec.images: docker.io/istio/pilot: {command: [/path/of/pilot-discovery]}',
    },
  ];
}

function checkTelemetry(root: unknown): Finding[] {
  if (valueAt(root, ['spec', 'telemetry', 'enabled']) !== false) return [];
  if (valueAt(root, ['spec', 'telemetry', 'federation']) !== true) return [];
  return [
    {
      path: ['spec', 'telemetry', 'federation'],
      message: 'without Prometheus there is nothing to federate',
      fix: 'write enabled: true, or leave federation out',
    },
  ];
}

function ordinal(number: number): string {
  return `${number}${{ 1: 'st', 2: 'nd', 3: 'rd' }[number] ?? 'th'}`;
}
