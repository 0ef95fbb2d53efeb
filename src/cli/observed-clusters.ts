/** The clusters that a command looks at: those of the mesh that stands, or the contexts of a kubeconfig, whoever made them. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { KubeClient, loadKubeconfig } from '../kube/index.ts';
import { findClusters, findManagement, type ProvidedCluster } from '../providers/index.ts';
import type { CommandContext } from './context.ts';
import { loadStandingMesh } from './load-mesh.ts';

export interface ObservedCluster {
  name: string;
  client: KubeClient;
  /** It is no cluster of the mesh. */
  outside?: boolean;
}

/**
 * @param options `kubeconfig`: a file to read instead of the mesh that stands; `contexts`: which of its contexts, joined by commas;
 * `management`: also Kiali's home outside of the mesh
 * @throws IsthmusError where there is neither a mesh nor a kubeconfig.
 */
export async function observedClusters(
  context: CommandContext,
  options: { kubeconfig?: string | undefined; contexts?: string | undefined; management?: boolean },
): Promise<ObservedCluster[]> {
  const mesh = options.kubeconfig || options.contexts ? undefined : await loadStandingMesh(context);
  if (mesh) {
    const provided = await findClusters(mesh, { home: context.home });
    const observed = ({ name, connection }: ProvidedCluster) => ({
      name,
      client: new KubeClient({ ...connection, name }),
    });
    const management = options.management ? await findManagement(mesh, context.env) : [];
    return [...provided.map(observed), ...management.map((one) => ({ ...observed(one), outside: true }))];
  }
  const files = kubeconfigFiles(context, options.kubeconfig);
  const wanted = options.contexts?.split(',').map((one) => one.trim());
  const known = files.flatMap((file) => contextsOf(file).map((name) => ({ file, name })));
  const missing = wanted?.filter((name) => !known.some((one) => one.name === name)) ?? [];
  if (known.length === 0 || missing.length > 0)
    throw new IsthmusError({
      code: 'cli.clusters',
      fault: 'user',
      what: missing.length > 0 ? `there is no context ${missing.join(', ')}` : 'there is no mesh and no kubeconfig',
      where: files.join(', '),
      fix:
        missing.length > 0
          ? `name one of: ${known.map((one) => one.name).join(', ')}`
          : 'isthmus up, or name a file: --kubeconfig FILE',
    });
  return known
    .filter((one, index) => known.findIndex((other) => other.name === one.name) === index)
    .filter((one) => !wanted || wanted.includes(one.name))
    .map(({ file, name }) => ({ name, client: new KubeClient(loadKubeconfig(file, name)) }));
}

function kubeconfigFiles({ env, cwd }: CommandContext, given: string | undefined): string[] {
  if (given) return [resolve(cwd, given)];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  return listed.length > 0 ? listed.map((one) => resolve(cwd, one)) : [join(env['HOME'] ?? homedir(), '.kube/config')];
}

function contextsOf(file: string): string[] {
  try {
    return (parse(readFileSync(file, 'utf8'))?.contexts ?? []).map((one: { name: string }) => one.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new IsthmusError({
      code: 'kube.kubeconfig',
      fault: 'user',
      what: `cannot be read: ${messageOf(error)}`,
      where: file,
    });
  }
}
