import { writeFile } from 'node:fs/promises';
import type { freeAddresses } from '../../spec/index.ts';
import type { CommandSpec } from '../command.ts';
import { up } from './up.ts';

export const cluster: CommandSpec = {
  name: 'cluster',
  arguments: [
    { name: '<action>', description: 'add or remove' },
    { name: '<name>', description: 'the name of the cluster' },
  ],
  summary: 'add a cluster to the mesh file, or remove one, and bring the mesh up',
  description:
    'Changes the mesh file, whose comments it keeps, and runs `up`, which follows it and verifies the mesh; a change that you make yourself is followed by `up` in the same way. The other clusters carry traffic all the time.\n\n  isthmus cluster add north --network network3 --primary east\n  isthmus cluster add south --network network4 --context kind-south\n  isthmus cluster remove north',
  options: [
    { flags: '--network <network>', description: 'of a new cluster (default: one of its own)' },
    { flags: '--primary <cluster>', description: 'makes it a remote of that primary; without it, it is a primary' },
    { flags: '--context <context>', description: 'an existing cluster, by its context in the kubeconfig' },
    { flags: '--kubeconfig <path>', description: 'where that context is' },
    { flags: '--internal-server <url>', description: "address of its API server for other clusters' pods" },
    { flags: '--load-balancer-range <range>', description: 'addresses for its load balancer, as first-last or CIDR' },
    { flags: '-y, --yes', description: 'do not ask before a change that requests may feel' },
    { flags: '--no-console', description: 'do not start the console' },
  ],
  formats: true,
  async run(context, [action, name = ''], options) {
    const [{ requireAction }, { readMeshFile }, spec, { InvalidMeshFile, loadMesh }] = await Promise.all([
      import('../day-two.ts'),
      import('../mesh-file.ts'),
      import('../../spec/index.ts'),
      import('../load-mesh.ts'),
    ]);
    requireAction('cluster', action, ['add', 'remove']);
    const { path, text } = await readMeshFile(context);
    const { mesh } = await loadMesh(context);
    const text2 =
      action === 'add'
        ? spec.addCluster(text, entryOf(name, options, spec.freeAddresses(mesh)))
        : spec.removeCluster(text, name, mesh);
    const result = spec.parseMesh(text2, path);
    // The file stays as it was when the change does not fit it.
    if ('problems' in result) throw new InvalidMeshFile(`${path}, with this change,`, result.problems);
    // One that is made for it is no question; in one that is there the others' remote secrets and federation change.
    const isAsked = action === 'remove' || options['context'] !== undefined;
    if (isAsked && options['yes'] !== true) (await import('../planning.ts')).requireTerminal(context);
    await writeFile(path, text2);
    context.err.write(`${path} is changed.\n`);
    return up.run(context, [], options);
  },
};

function entryOf(name: string, options: Record<string, unknown>, addresses: ReturnType<typeof freeAddresses>) {
  const text = (key: string): string | undefined => options[key] as string | undefined;
  const context = text('context');
  const loadBalancerRange = text('loadBalancerRange');
  const primary = text('primary');
  return {
    name,
    network: text('network') ?? `network-${name}`,
    role: primary === undefined ? ('primary' as const) : ('remote' as const),
    ...(primary === undefined ? {} : { primary }),
    ...(context === undefined && addresses ? withNode(addresses) : {}),
    ...(context === undefined ? {} : { provider: { existing: { context, ...placeOf(text) } } }),
    ...(loadBalancerRange === undefined ? {} : { loadBalancerRange }),
  };
}

/** What is not said is left out of the file. */
const placeOf = (text: (key: string) => string | undefined) => ({
  kubeconfig: text('kubeconfig'),
  internalServer: text('internalServer'),
});

const withNode = ({ nodeAddress, ...ranges }: NonNullable<ReturnType<typeof freeAddresses>>) => ({
  ...ranges,
  node: { address: nodeAddress },
});
