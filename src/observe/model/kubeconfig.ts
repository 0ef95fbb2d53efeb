/** Which clusters there are, from kubeconfig files, followed while they change. */
import { existsSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parse } from 'yaml';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import { loadKubeconfig } from '../../kube/index.ts';
import type { ClusterSource } from './mesh-model.ts';

export interface KubeconfigOptions {
  files: string[];
  /** Only these contexts; without it all of them. */
  contexts?: string[] | undefined;
}

/**
 * Contexts of the files, one for each API server; of several that lead to one server the current one is taken, else the first. A context that
 * cannot be read is left out and told to `onFault`.
 * @throws IsthmusError `observe.contexts` when a wanted context is in none of the files.
 */
export function readSources(options: KubeconfigOptions, onFault: (why: string) => void = () => {}): ClusterSource[] {
  const found = new Map<string, ClusterSource & { isCurrent: boolean }>();
  const names: string[] = [];
  for (const file of options.files.filter((one) => existsSync(one))) {
    let config: any;
    try {
      config = parse(readFileSync(file, 'utf8')) ?? {};
    } catch (error) {
      onFault(`${file}: ${messageOf(error)}`);
      continue;
    }
    for (const { name } of config.contexts ?? []) {
      names.push(name);
      if (options.contexts && !options.contexts.includes(name)) continue;
      try {
        const connection = loadKubeconfig(file, name);
        const isCurrent = config['current-context'] === name;
        const known = found.get(connection.server);
        if (!known || (isCurrent && !known.isCurrent && !options.contexts))
          found.set(connection.server, { context: name, connection, isCurrent });
      } catch (error) {
        onFault(messageOf(error));
      }
    }
  }
  const missing = options.contexts?.find((one) => !names.includes(one));
  if (missing)
    throw new IsthmusError({
      code: 'observe.contexts',
      fault: 'user',
      what: `there is no context "${missing}"`,
      where: options.files.join(', '),
      fix: `known contexts: ${names.join(', ') || 'none'}`,
    });
  return [...found.values()].map(({ isCurrent: _, ...source }) => source);
}

/** Calls back with the clusters whenever a file changes. The folder is watched, since tools replace the file. Returns the end of it. */
export function followSources(options: KubeconfigOptions, onSources: (sources: ClusterSource[]) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const read = (): void => {
    try {
      onSources(readSources(options));
    } catch {} // half-written, or a context that is gone for now: the next change tells
  };
  const watchers = options.files
    .filter((file) => existsSync(dirname(file)))
    .map((file) =>
      watch(dirname(file), (_, name) => {
        if (name !== null && name !== basename(file)) return;
        clearTimeout(timer);
        timer = setTimeout(read, 100);
      }),
    );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
