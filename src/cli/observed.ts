/** What the commands that look at a mesh look at: the clusters of the standing mesh, or those of a kubeconfig. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { KubeconfigOptions, Observer } from '../observe/index.ts';
import type { OptionSpec } from './command.ts';
import type { CommandContext } from './context.ts';

export const kubeconfigOptions: OptionSpec[] = [
  {
    flags: '--kubeconfig <path>',
    description:
      'kubeconfig files, separated as in $KUBECONFIG (default: those of the mesh that stands, else $KUBECONFIG, else ~/.kube/config)',
  },
  { flags: '--context <names>', description: 'only these contexts, comma-separated (default: all)' },
  {
    flags: '--prometheus <sources>',
    description: 'where Prometheus is, as CONTEXT=URL, comma-separated (default: found in the clusters)',
  },
];

/** The kubeconfig of the embedded mesh, where one stands. */
export const meshKubeconfig = (home: string): string => join(home, 'kubeconfig');

export function kubeconfigSources(
  context: Pick<CommandContext, 'env' | 'cwd' | 'home'>,
  options: Record<string, unknown>,
): KubeconfigOptions {
  const { env, cwd, home } = context;
  const given = options['kubeconfig'] as string | undefined;
  const own = meshKubeconfig(home);
  const text = given ?? (existsSync(own) ? own : (env['KUBECONFIG'] ?? join(env['HOME'] || homedir(), '.kube/config')));
  const contexts = (options['context'] as string | undefined)
    ?.split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  return {
    files: text
      .split(delimiter)
      .filter(Boolean)
      .map((one) => resolve(cwd, one)),
    contexts,
  };
}

/** Addresses of Prometheus by context. */
export function prometheusUrls(options: Record<string, unknown>): Map<string, string> {
  const pairs = ((options['prometheus'] as string | undefined) ?? '').split(',').filter(Boolean);
  return new Map(pairs.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
}

/** An observer of those clusters. @throws IsthmusError `observe.contexts`, or `observe.no-clusters` when there is none */
export async function openObserver(
  context: CommandContext,
  options: Record<string, unknown>,
): Promise<{ observer: Observer; sources: KubeconfigOptions }> {
  const [{ Observer: ObserverClass, readSources }, { IsthmusError }] = await Promise.all([
    import('../observe/index.ts'),
    import('../errors/index.ts'),
  ]);
  const sources = kubeconfigSources(context, options);
  const found = readSources(sources, (why) => context.err.write(`${why}\n`));
  if (found.length === 0)
    throw new IsthmusError({
      code: 'observe.no-clusters',
      fault: 'user',
      what: 'there are no clusters to look at',
      where: sources.files.join(', '),
      fix: 'make a mesh with isthmus up, or name a kubeconfig with --kubeconfig',
    });
  const urls = prometheusUrls(options);
  const observer = new ObserverClass();
  observer.model.follow(found.map((one) => ({ ...one, prometheusUrl: urls.get(one.context) })));
  return { observer, sources };
}
