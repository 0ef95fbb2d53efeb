/**
 * Clusters that kind makes: one node each, as containers on one Docker network, which is also where load-balancer addresses stand. kind has
 * no load balancer of its own: MetalLB is applied from its manifest.
 */
import { parse, stringify } from 'yaml';
import { IsthmusError } from '../errors/index.ts';
import { KubeClient, type KubeConnection, kinds, loadKubeconfig } from '../kube/index.ts';
import { formatRange, type MeshCluster, parseCidr } from '../spec/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { type ProvideOptions, type Runner, requireTool, runTool, type ToolPlan } from './tool.ts';

export type Kind = Extract<MeshCluster['provider'], { type: 'kind' }>;

const apiServerPort = 6443;
const longestCreateMs = 15 * 60_000;

/** @throws IsthmusError when kind, Docker or kubectl is missing, too old or does not answer. */
export async function checkKind(run: Runner): Promise<void> {
  await requireTool(run, {
    name: 'kind',
    args: ['version'],
    pattern: /kind v(\d+\.\d+\.\d+)/,
    minimum: '0.14',
    fix: 'install kind 0.14 or newer: https://kind.sigs.k8s.io/docs/user/quick-start/',
  });
  await requireTool(run, {
    name: 'docker',
    args: ['version', '--format', '{{.Server.Version}}'],
    pattern: /^(\d+\.\d+(?:\.\d+)?)/m,
    minimum: '20.10',
    fix: 'start Docker 20.10 or newer, and see to it that you may use it: docker info',
  });
  await requireTool(run, {
    name: 'kubectl',
    args: ['version', '--client', '--output', 'json'],
    pattern: /"gitVersion":\s*"v(\d+\.\d+\.\d+)/,
    minimum: '1.22',
    fix: 'install kubectl, by which MetalLB is applied',
  });
}

/** @param index the cluster's place in the file, by which its pool of addresses is chosen. */
export async function provideKind(
  cluster: MeshCluster & { provider: Kind },
  index: number,
  options: ProvideOptions,
): Promise<{ cluster: ProvidedCluster; started: boolean }> {
  const { run, say, signal } = options;
  const { clusterName } = cluster.provider;
  const about = { cluster: cluster.name, ...(signal ? { signal } : {}) };
  const ask = (what: string, command: string, args: string[]) => runTool(run, command, args, { ...about, what });
  const exists = await kindExists(run, cluster, signal);
  if (!exists) {
    say('kind create cluster');
    const [kind = '', ...args] = createCommand(cluster.provider);
    await runTool(run, kind, args, {
      ...about,
      what: `kind does not create ${clusterName}`,
      input: kindConfig(cluster),
      timeoutMs: longestCreateMs,
    });
  }
  const kubeconfig = await ask(`kind gives no kubeconfig of ${clusterName}`, 'kind', [
    'get',
    'kubeconfig',
    '--name',
    clusterName,
  ]);
  const connection = { ...loadKubeconfig(parse(kubeconfig)), name: cluster.name };
  const node = `${clusterName}-control-plane`;
  const networks = await ask(`Docker does not know ${node}`, 'docker', [
    'inspect',
    '--format',
    '{{json .NetworkSettings.Networks}}',
    node,
  ]);
  const [[network, settings] = ['', {}]] = Object.entries(JSON.parse(networks) as Record<string, any>);
  const address: string | undefined = settings.IPAddress || undefined;
  if (!address)
    throw noAddress(
      cluster.name,
      `container ${node} has no address on a Docker network: it is stopped`,
      `docker start ${node}`,
    );
  if (options.change !== false && !(await hasMetalLb(connection))) {
    say('kubectl apply MetalLB');
    const [apply, wait] = metalLbCommands(cluster.provider);
    const kubectl = (command: string[], what: string, timeoutMs: number) =>
      runTool(run, command[0]!, command.slice(1), { ...about, what, timeoutMs });
    await kubectl(apply, `MetalLB is not applied to ${clusterName}`, 2 * 60_000);
    // Its webhook judges pools: until it answers none can be made.
    await kubectl(wait, `MetalLB does not start in ${clusterName}`, 320_000);
  }
  return {
    started: !exists,
    cluster: {
      name: cluster.name,
      connection,
      internalServer: `https://${address}:${apiServerPort}`,
      nodeAddress: address,
      podRange: cluster.podRange,
      serviceRange: cluster.serviceRange,
      loadBalancerRange: cluster.loadBalancerRange ?? (await poolOfNetwork(run, network, index, cluster.name)),
      provider: 'kind',
    },
  };
}

const createCommand = ({ clusterName, image }: Kind): string[] => [
  ...['kind', 'create', 'cluster', '--name', clusterName, '--config', '-', '--wait', '3m'],
  ...(image === undefined ? [] : ['--image', image]),
];

function metalLbCommands({ clusterName, metallbManifest }: Kind): [apply: string[], wait: string[]] {
  const kubectl = ['kubectl', '--context', `kind-${clusterName}`];
  return [
    [...kubectl, 'apply', '--filename', metallbManifest],
    [
      ...[...kubectl, '--namespace', 'metallb-system', 'wait', 'deployment/controller'],
      ...['--for=condition=Available', '--timeout=300s'],
    ],
  ];
}

/** Whether kind knows the cluster. @throws IsthmusError `providers.tool-failed` */
export async function kindExists(run: Runner, cluster: MeshCluster & { provider: Kind }, signal?: AbortSignal) {
  const listed = await runTool(run, 'kind', ['get', 'clusters'], {
    ...{ cluster: cluster.name, what: 'kind does not list its clusters' },
    ...(signal ? { signal } : {}),
  });
  const names = listed.split('\n').map((line) => line.trim());
  return names.includes(cluster.provider.clusterName);
}

/** What `provideKind` would run. It asks only. */
export async function planKind(cluster: MeshCluster & { provider: Kind }, options: ProvideOptions): Promise<ToolPlan> {
  const runs = await kindExists(options.run, cluster, options.signal);
  const [apply, wait] = metalLbCommands(cluster.provider);
  const metalLb = [
    { command: apply, why: 'kind has no load balancer of its own' },
    { command: wait, why: 'pools can be made when it answers' },
  ];
  if (!runs)
    return {
      runs,
      commands: [{ command: createCommand(cluster.provider), why: 'makes the cluster' }, ...metalLb],
    };
  const { connection } = (await provideKind(cluster, 0, { ...options, change: false })).cluster;
  return { runs, commands: (await hasMetalLb(connection)) ? [] : metalLb };
}

function kindConfig({ podRange, serviceRange }: MeshCluster): string {
  return stringify({
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    kind: 'Cluster',
    networking: {
      ...(podRange === undefined ? {} : { podSubnet: podRange }),
      ...(serviceRange === undefined ? {} : { serviceSubnet: serviceRange }),
    },
    nodes: [{ role: 'control-plane' }],
  });
}

async function hasMetalLb(connection: KubeConnection): Promise<boolean> {
  await using client = new KubeClient(connection);
  return (await client.find(kinds.Deployment, 'controller', 'metallb-system')) !== undefined;
}

/** Ten addresses near the end of the network, where Docker, which counts from its start, does not come. */
export async function poolOfNetwork(run: Runner, network: string, index: number, cluster: string): Promise<string> {
  const text = await runTool(run, 'docker', ['network', 'inspect', network, '--format', '{{json .IPAM.Config}}'], {
    what: `Docker does not show network ${network}`,
    cluster,
  });
  const ranges = (JSON.parse(text) as { Subnet?: string }[] | null) ?? [];
  for (const { Subnet = '' } of ranges) {
    const parsed = parseCidr(Subnet);
    if (!('first' in parsed)) continue;
    const first = parsed.last - 55 + 10 * (index % 5);
    if (first > parsed.first + 32) return formatRange({ first, last: first + 9 });
  }
  throw noAddress(
    cluster,
    `Docker network ${network} has no IPv4 range with room for load-balancer addresses`,
    'write loadBalancerRange of this cluster in mesh.yaml',
  );
}

function noAddress(where: string, what: string, fix: string): IsthmusError {
  return new IsthmusError({ code: 'providers.no-address', fault: 'user', what, where, fix });
}
