/**
 * Fetches programs out of Debian packages, by apt as it is set up on this machine, and unpacks them into a folder: nothing is installed,
 * so that no root is needed. Where the machine has no package lists, lists of our own are made.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IsthmusError } from '../errors/index.ts';
import { tryRun } from '../process/index.ts';
import type { FetchContext } from './fetch.ts';
import { lastLines } from './fetch-pip.ts';

export interface DebianProgram {
  package: string;
  /** Path within the package. */
  program: string;
}

/** Package lists are made once for all programs that are fetched in one run. */
export class Apt {
  readonly #context: FetchContext;
  readonly #ownState: string;
  #options: Promise<string[]> | undefined;

  constructor(context: FetchContext) {
    this.#context = context;
    this.#ownState = join(context.cache, 'apt');
  }

  /** @returns the program below `target`, and the folder of its libraries when it needs some that the machine lacks. */
  async fetch(wanted: DebianProgram, target: string): Promise<{ path: string; libraryPath?: string }> {
    await this.#check(wanted.package);
    const downloads = join(target, 'download');
    await mkdir(downloads, { recursive: true });
    this.#options ??= this.#usableLists(wanted.package);
    let options = await this.#options;
    let packages = await this.#missingPackages(wanted.package, options);
    let result = await this.#download(packages, downloads, options);
    if (result.code !== 0 && options.length === 0) {
      // The machine's lists may name versions that are no longer offered.
      this.#options = this.#makeLists();
      options = await this.#options;
      packages = await this.#missingPackages(wanted.package, options);
      result = await this.#download(packages, downloads, options);
    }
    if (result.code !== 0)
      throw new IsthmusError({
        code: 'artifacts.fetch',
        what: `apt-get could not download ${packages.join(' ')}`,
        why: lastLines(result.stderr),
        fix: `check the network and apt's settings, or install it: apt-get install ${wanted.package}`,
      });
    const root = join(target, 'root');
    for (const name of (await readdir(downloads)).filter((name) => name.endsWith('.deb'))) {
      const unpacked = await tryRun('dpkg', ['-x', join(downloads, name), root], this.#context.run);
      if (unpacked.code !== 0)
        throw new IsthmusError({
          code: 'artifacts.unpack',
          what: `${name} cannot be unpacked`,
          why: lastLines(unpacked.stderr),
        });
    }
    const libraries = await libraryFolders(root);
    return { path: join(root, wanted.program), ...(libraries.length > 0 ? { libraryPath: libraries.join(':') } : {}) };
  }

  async #check(name: string): Promise<void> {
    for (const command of ['apt-get', 'apt-cache', 'dpkg', 'dpkg-query']) {
      const answer = await tryRun(command, ['--version']).catch(() => undefined);
      if (answer?.code !== 0)
        throw new IsthmusError({
          code: 'artifacts.no-apt',
          what: `the Debian package ${name} cannot be fetched`,
          why: `there is no ${command} on this machine`,
          fix: 'install the program with the package manager of this machine',
        });
    }
  }

  async #usableLists(name: string): Promise<string[]> {
    if (await this.#knows(name, [])) return [];
    const own = this.#ownOptions();
    if (await this.#knows(name, own)) return own;
    return this.#makeLists();
  }

  async #knows(name: string, options: string[]): Promise<boolean> {
    const answer = await tryRun('apt-cache', [...options, 'policy', name], this.#context.run);
    return /Candidate: [^(\s]/.test(answer.stdout);
  }

  #ownOptions(): string[] {
    const lists = join(this.#ownState, 'lists');
    const cache = join(this.#ownState, 'cache');
    return [
      `Dir::State::lists=${lists}`,
      `Dir::Cache=${cache}`,
      'Debug::NoLocking=true',
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
  }

  async #makeLists(): Promise<string[]> {
    this.#context.say('apt reads the package lists');
    await mkdir(join(this.#ownState, 'lists/partial'), { recursive: true });
    await mkdir(join(this.#ownState, 'cache/archives/partial'), { recursive: true });
    const options = this.#ownOptions();
    const result = await tryRun('apt-get', ['-qq', ...options, 'update'], this.#context.run);
    if (result.code !== 0)
      throw new IsthmusError({
        code: 'artifacts.fetch',
        what: 'apt-get could not read the package lists',
        why: lastLines(result.stderr),
        fix: "check the network and apt's sources",
      });
    return options;
  }

  /** The package and those of its dependencies that are not installed. Prometheus' dependencies are its web pages: left out. */
  async #missingPackages(name: string, options: string[]): Promise<string[]> {
    if (name === 'prometheus') return [name];
    const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
      (kind) => `--no-${kind}`,
    );
    const [closure, installed] = await Promise.all([
      tryRun('apt-cache', [...options, 'depends', '--recurse', ...kinds, name], this.#context.run),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
      tryRun('dpkg-query', ['-W', '-f', '${db:Status-Abbrev} ${Package}\n'], this.#context.run),
    ]);
    const present = new Set(
      installed.stdout.split('\n').flatMap((line) => (line.startsWith('ii') ? [line.split(/\s+/)[1] ?? ''] : [])),
    );
    const needed = closure.stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line));
    return [name, ...needed.filter((one) => one !== name && !present.has(one))];
  }

  #download(packages: string[], folder: string, options: string[]) {
    this.#context.say(`apt downloads ${packages.join(', ')}`);
    const sandbox = ['-o', 'APT::Sandbox::User=root'];
    return tryRun('apt-get', ['-qq', ...sandbox, ...options, 'download', ...packages], {
      ...this.#context.run,
      cwd: folder,
    });
  }
}

/** usr/lib/x86_64-linux-gnu and its like, if they hold shared libraries. */
async function libraryFolders(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const base of ['usr/lib', 'lib'])
    for (const name of ['', ...(await readdir(join(root, base)).catch(() => []))]) {
      const folder = join(root, base, name);
      if (!(await stat(folder).catch(() => undefined))?.isDirectory()) continue;
      if ((await readdir(folder)).some((file) => /\.so(\.|$)/.test(file))) found.push(folder);
    }
  return found;
}
