/** Volumes: folders below the pod's, filled from the API and kept up to date. Secrets are in memory only. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Pod } from '../../kube/index.ts';
import { fieldValue, resourceValue } from './downward.ts';

export interface VolumeSources {
  pod: Pod;
  podIp: string;
  hostIp: string;
  configMap(name: string): Record<string, Buffer> | undefined;
  secret(name: string): Record<string, Buffer> | undefined;
  /** The source of the volume that a claim is bound to; undefined while it is bound to none. */
  claimed(claimName: string): Promise<any>;
  /** A token of the pod's account; the kubelet keeps it until most of its life is over. */
  token(request: { audience?: string; expirationSeconds: number }): Promise<string>;
}

/** A volume cannot be set up yet; the message is the kubelet's. */
export class VolumeError extends Error {}

/** Volumes that containers write to; the others are filled from the API. */
export const isStorage = (volume: any): boolean =>
  Boolean(volume.emptyDir || volume.hostPath || volume.persistentVolumeClaim || volume.ephemeral);

interface VolumeFile {
  content: Buffer;
  mode: number;
}

/** Sets up or refreshes a volume and gives its path. @throws VolumeError when something it needs is not there. */
export async function setUpVolume(volume: any, folder: string, sources: VolumeSources): Promise<string> {
  const path = join(folder, volume.name);
  if (volume.hostPath) return hostFolder(volume.name, volume.hostPath);
  const claim =
    volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${sources.pod.metadata.name}-${volume.name}`);
  if (claim) {
    const source = await sources.claimed(claim);
    if (!source)
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : claim "${claim}" is not bound`);
    if (!source.hostPath)
      throw new VolumeError(
        `MountVolume.SetUp failed for volume "${volume.name}" : the volume of claim "${claim}" is no folder of this machine`,
      );
    return hostFolder(volume.name, source.hostPath);
  }
  if (volume.emptyDir) {
    mkdirSync(path, { recursive: true });
    return path;
  }
  const files = await filesOf(volume, sources);
  if (!files)
    throw new VolumeError(
      `MountVolume.SetUp failed for volume "${volume.name}" : volumes of this type are not supported here: ${Object.keys(
        volume,
      )
        .filter((key) => key !== 'name')
        .join(', ')}`,
    );
  writeAtomically(path, files);
  return path;
}

/** A path of the machine, checked or made as the type of the volume asks. */
function hostFolder(name: string, { path, type }: { path: string; type?: string }): string {
  if (type === 'DirectoryOrCreate') mkdirSync(path, { recursive: true, mode: 0o755 });
  if (type === 'FileOrCreate' && !existsSync(path)) writeFileSync(path, '', { mode: 0o644 });
  const kind = type?.replace('OrCreate', '');
  const found = statSync(path, { throwIfNoEntry: false });
  const checks = { Directory: found?.isDirectory(), File: found?.isFile(), Socket: found?.isSocket() };
  const fits = kind !== undefined && kind in checks ? checks[kind as keyof typeof checks] === true : true;
  if (!fits)
    throw new VolumeError(
      `MountVolume.SetUp failed for volume "${name}" : hostPath type check failed: ${path} is not a ${kind?.toLowerCase()}`,
    );
  return path;
}

async function filesOf(volume: any, sources: VolumeSources): Promise<Map<string, VolumeFile> | undefined> {
  const files = new Map<string, VolumeFile>();
  const add = async (source: any, mode: number): Promise<boolean> => {
    if (source.configMap)
      addKeys(
        files,
        volume.name,
        'configmap',
        source.configMap.name,
        sources.configMap(source.configMap.name),
        source.configMap,
        mode,
        sources,
      );
    else if (source.secret)
      addKeys(
        files,
        volume.name,
        'secret',
        source.secret.secretName ?? source.secret.name,
        sources.secret(source.secret.secretName ?? source.secret.name),
        source.secret,
        mode,
        sources,
      );
    else if (source.downwardAPI) addDownward(files, source.downwardAPI, mode, sources);
    else if (source.serviceAccountToken) {
      const { path, audience, expirationSeconds = 3600 } = source.serviceAccountToken;
      const token = await sources.token({ ...(audience ? { audience } : {}), expirationSeconds }).catch((error) => {
        throw new VolumeError(
          `MountVolume.SetUp failed for volume "${volume.name}" : failed to fetch token: ${error.message}`,
        );
      });
      files.set(path, { content: Buffer.from(token), mode: 0o600 });
    } else return false;
    return true;
  };
  if (volume.projected) {
    for (const source of volume.projected.sources ?? [])
      if (!(await add(source, volume.projected.defaultMode ?? 0o644))) return undefined;
    return files;
  }
  const own = volume.configMap ?? volume.secret ?? volume.downwardAPI;
  return own && (await add(volume, own.defaultMode ?? 0o644)) ? files : undefined;
}

function addKeys(
  files: Map<string, VolumeFile>,
  volumeName: string,
  kind: string,
  name: string,
  found: Record<string, Buffer> | undefined,
  source: any,
  mode: number,
  { pod }: VolumeSources,
): void {
  if (!found) {
    if (source.optional) return;
    throw new VolumeError(`MountVolume.SetUp failed for volume "${volumeName}" : ${kind} "${name}" not found`);
  }
  if (!source.items) {
    for (const [key, content] of Object.entries(found)) files.set(key, { content, mode });
    return;
  }
  for (const item of source.items) {
    const content = found[item.key];
    if (content) files.set(item.path, { content, mode: item.mode ?? mode });
    else if (!source.optional)
      throw new VolumeError(
        `MountVolume.SetUp failed for volume "${volumeName}" : ${kind} ${pod.metadata.namespace}/${name} has no key ${item.key}`,
      );
  }
}

function addDownward(files: Map<string, VolumeFile>, source: any, mode: number, sources: VolumeSources): void {
  for (const item of source.items ?? []) {
    const value = item.fieldRef
      ? (fieldValue(sources.pod, item.fieldRef.fieldPath, sources.podIp, sources.hostIp) ?? '')
      : resourceValue(sources.pod, item.resourceFieldRef, { cpus: cpus().length, memoryBytes: totalmem() });
    files.set(item.path, { content: Buffer.from(value), mode: item.mode ?? mode });
  }
}

const written = new Map<string, string>();

/**
 * Kubernetes' way of changing many files at once: they are in a folder with the time as its name, `..data` leads to it, and every file is
 * a link through `..data`.
 */
function writeAtomically(path: string, files: Map<string, VolumeFile>): void {
  const state = [...files]
    .map(([name, { content, mode }]) => `${name} ${mode} ${content.toString('base64')}`)
    .join('\n');
  if (written.get(path) === state && existsSync(path)) return;
  mkdirSync(path, { recursive: true });
  const folder = `..${new Date().toISOString().replace(/[:.]/g, '_')}.${Math.floor(Math.random() * 1e9)}`;
  mkdirSync(join(path, folder));
  for (const [name, { content, mode }] of files) {
    const target = join(path, folder, name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content, { mode });
  }
  symlinkSync(folder, join(path, '..data_tmp'));
  renameSync(join(path, '..data_tmp'), join(path, '..data'));
  const wanted = new Set([...files.keys()].map((name) => name.split('/')[0]!));
  for (const name of readdirSync(path)) {
    if (name === folder || name === '..data') continue;
    if (!wanted.delete(name)) rmSync(join(path, name), { recursive: true, force: true });
  }
  for (const name of wanted) symlinkSync(join('..data', name), join(path, name));
  written.set(path, state);
}

export function forgetVolumes(folder: string): void {
  for (const path of written.keys()) if (path.startsWith(folder)) written.delete(path);
}
