/**
 * Makes the console's web application out of its sources, once: the result stands in the cache folder under a hash of the sources and of
 * the lock file, so that it is made again when one of them changes and found at once when none does.
 *
 * The pages run under a strict content security policy. Hence everything is a file: no inline script, no inline style, no data URL,
 * and the graph's layout runs in a worker that is a file too.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BuildOptions, Plugin } from 'esbuild';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { usedStyles } from './used-styles.ts';

export interface BuildWebOptions {
  /** Where builds are kept; by default `$ISTHMUS_CACHE/web`, or `isthmus/web` in the user's cache folder. */
  cache?: string;
}

const sources = join(import.meta.dirname, 'web');
/** What the pages share with the server. */
const wizards = join(import.meta.dirname, 'wizards');
const packageRoot = join(import.meta.dirname, '..', '..');

/**
 * The folder of the built web application: index.html, and below `assets/` app.js, its parts that are loaded when a page needs them, app.css,
 * layout-worker.js and fonts; each script and sheet also in gzip.
 * @throws IsthmusError `console.web-build` when the sources cannot be bundled.
 */
export async function buildWeb(options: BuildWebOptions = {}): Promise<{ folder: string }> {
  const cache = options.cache ?? defaultCache(process.env);
  const folder = join(cache, await hashOfSources());
  if (existsSync(join(folder, 'index.html'))) return { folder };
  // Built beside and then renamed: two consoles that start together must not see half a build.
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(`${folder}.part-`);
  try {
    await bundle(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (existsSync(join(folder, 'index.html'))) return { folder };
    throw new IsthmusError({
      code: 'console.web-build',
      what: 'the web application of the console cannot be built',
      where: sources,
      why: messageOf(error),
      fix: 'run `npm ci` in the folder of Isthmus, then start the console again',
      fault: 'internal',
      cause: error,
    });
  }
  await removeOldBuilds(cache, folder);
  return { folder };
}

async function bundle(folder: string): Promise<void> {
  // Loaded here, since a console whose application is already built never needs it.
  const { build } = await import('esbuild');
  const assets = join(folder, 'assets');
  const styles = new Set<string>();
  const common: BuildOptions = {
    outdir: assets,
    bundle: true,
    minify: true,
    target: 'es2022',
    loader: { '.woff2': 'file', '.woff': 'file', '.ttf': 'file', '.svg': 'file', '.png': 'file', '.jpg': 'file' },
    legalComments: 'external',
    logLevel: 'silent',
  };
  const { metafile } = await build({
    ...common,
    entryPoints: { app: join(sources, 'main.tsx'), 'layout-worker': join(sources, 'graph', 'layout-worker.ts') },
    format: 'esm',
    platform: 'browser',
    jsx: 'automatic',
    splitting: true,
    metafile: true,
    chunkNames: 'part-[hash]',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [stylesApart(styles)],
  });
  const scripts = await Promise.all(
    Object.keys(metafile.outputs)
      .filter((path) => path.endsWith('.js'))
      .map((path) => readFile(resolve(path), 'utf8')),
  );
  await build({
    ...common,
    stdin: { contents: inOrder(styles), loader: 'css', resolveDir: sources, sourcefile: 'all-styles.css' },
    entryNames: 'app',
  });
  const sheet = join(assets, 'app.css');
  await writeFile(sheet, usedStyles(await readFile(sheet, 'utf8'), scripts.join('\n')));
  await copyFile(join(sources, 'icon.svg'), join(assets, 'icon.svg'));
  await compress(assets);
  // Last, since its presence says that the build is whole.
  await writeFile(join(folder, 'index.html'), await readFile(join(sources, 'index.html')));
}

/** Collects the style sheets that scripts import, since a page that is loaded late would bring its sheet too late: all of them make one. */
function stylesApart(found: Set<string>): Plugin {
  return {
    name: 'styles-apart',
    setup(build) {
      build.onLoad({ filter: /\.css$/ }, ({ path }) => {
        found.add(path);
        return { contents: '', loader: 'js' };
      });
    },
  };
}

/** PatternFly's base first, then its components by name, as in its own sheet, and ours last. */
function inOrder(styles: Set<string>): string {
  const rank = (path: string): number => (path.startsWith(sources) ? 2 : path.endsWith('styles/base.css') ? 0 : 1);
  return [...styles]
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((path) => `@import ${JSON.stringify(path)};`)
    .join('\n');
}

/** Beside each script and sheet the same in gzip, for browsers that are not on this machine. */
async function compress(assets: string): Promise<void> {
  for (const name of await readdir(assets)) {
    if (!/\.(js|css|svg)$/.test(name)) continue;
    const path = join(assets, name);
    await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
  }
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const files = [
    join(packageRoot, 'package-lock.json'),
    join(import.meta.dirname, 'used-styles.ts'),
    import.meta.filename,
  ];
  for (const folder of [sources, wizards])
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile() && !entry.name.endsWith('.test.ts')) files.push(join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(relative(packageRoot, file)).update('\0');
    hash.update(await readFile(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/** Not those of the last week: a console that still serves one must keep its files. */
async function removeOldBuilds(cache: string, keep: string): Promise<void> {
  const weekAgo = Date.now() - 7 * 24 * 3_600_000;
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    if (path === keep) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (mtimeMs < weekAgo) await rm(path, { recursive: true, force: true });
  }
}

function defaultCache(env: NodeJS.ProcessEnv): string {
  const root =
    env['ISTHMUS_CACHE'] || join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'isthmus');
  return join(root, 'web');
}
