/**
 * Clusters that minikube makes, as the tutorial has them: a profile for each, all on one network, MetalLB as an addon with a pool beside the
 * node's address. What runs already is taken as it is.
 */
import { IsthmusError } from '../errors/index.ts';
import { isNotFound, KubeClient, type KubeConnection, kinds, loadKubeconfig } from '../kube/index.ts';
import { defaultAddresses, type MeshCluster } from '../spec/index.ts';
import { kubeconfigPath } from './existing.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { type ProvideOptions, type Runner, requireTool, runTool, type ToolPlan } from './tool.ts';

export type Minikube = Extract<MeshCluster['provider'], { type: 'minikube' }>;

const apiServerPort = 8443;
const longestStartMs = 15 * 60_000;

/** @throws IsthmusError when minikube is missing or older than 1.30, the tutorial's. */
export async function checkMinikube(run: Runner): Promise<void> {
  await requireTool(run, {
    name: 'minikube',
    args: ['version', '--short'],
    pattern: /^v?(\d+\.\d+\.\d+)/m,
    minimum: '1.30',
    fix: 'install minikube 1.30 or newer: https://minikube.sigs.k8s.io/docs/start/',
  });
}

/** @param index the cluster's place in the file, by which its pool of addresses is chosen. */
export async function provideMinikube(
  cluster: MeshCluster & { provider: Minikube },
  index: number,
  options: ProvideOptions,
): Promise<{ cluster: ProvidedCluster; started: boolean }> {
  const { run, say } = options;
  const { profile } = cluster.provider;
  const about = { cluster: cluster.name, ...(options.signal ? { signal: options.signal } : {}) };
  const isRunning = (await profileStatus(run, profile)) === 'Running';
  if (!isRunning) {
    say('minikube start');
    const [program = '', ...args] = startCommand(cluster);
    await runTool(run, program, args, {
      ...about,
      what: `minikube does not start ${profile}`,
      timeoutMs: longestStartMs,
    });
  }
  const text = await runTool(run, 'minikube', ['ip', '--profile', profile], {
    ...about,
    what: `minikube does not say the address of ${profile}`,
  });
  const address = text.trim();
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address))
    throw new IsthmusError({
      code: 'providers.no-address',
      what: `the address of profile ${profile} is not one: "${address.slice(0, 60)}"`,
      where: cluster.name,
      fix: `see what it says: minikube ip --profile ${profile}`,
    });
  const connection = {
    ...loadKubeconfig(kubeconfigPath(profile, options.env), profile),
    name: cluster.name,
  };
  if (options.change !== false && (await ensureAddon(run, profile, about, say))) await dropEmptyPool(connection);
  return {
    started: !isRunning,
    cluster: {
      name: cluster.name,
      connection,
      internalServer: `https://${address}:${apiServerPort}`,
      nodeAddress: address,
      podRange: cluster.podRange,
      serviceRange: cluster.serviceRange,
      loadBalancerRange: cluster.loadBalancerRange ?? poolBeside(address, index),
      provider: 'minikube',
    },
  };
}

function startCommand(cluster: MeshCluster & { provider: Minikube }): string[] {
  const { profile, network, memory, cpus, driver, kubernetesVersion } = cluster.provider;
  return [
    ...['minikube', 'start', '--profile', profile, '--network', network, '--memory', memory],
    ...(cpus === undefined ? [] : ['--cpus', String(cpus)]),
    ...(driver === undefined ? [] : ['--driver', driver]),
    ...(kubernetesVersion === undefined ? [] : ['--kubernetes-version', kubernetesVersion]),
    ...(cluster.podRange === undefined ? [] : [`--extra-config=kubeadm.pod-network-cidr=${cluster.podRange}`]),
    ...(cluster.serviceRange === undefined ? [] : [`--service-cluster-ip-range=${cluster.serviceRange}`]),
  ];
}

const addonCommand = (profile: string): string[] => ['minikube', 'addons', 'enable', 'metallb', '--profile', profile];

/** What `provideMinikube` would run. It asks only. */
export async function planMinikube(
  cluster: MeshCluster & { provider: Minikube },
  { run, signal }: ProvideOptions,
): Promise<ToolPlan> {
  const { profile } = cluster.provider;
  const status = await profileStatus(run, profile);
  const runs = status === 'Running';
  const addon = { command: addonCommand(profile), why: "gives addresses to Services, from the mesh's pool" };
  // A profile that is stopped may have it; that can be asked when it runs.
  if (!runs) {
    const why = status === undefined ? 'makes the cluster' : 'starts the cluster, which is stopped';
    return { runs, commands: [{ command: startCommand(cluster), why }, addon] };
  }
  const about = { cluster: cluster.name, ...(signal ? { signal } : {}) };
  return { runs, commands: (await hasAddon(run, profile, about)) ? [] : [addon] };
}

/** The tutorial's: ten addresses of the node's network from .20 on, the next ten for the next cluster. */
export function poolBeside(address: string, index: number): string {
  return defaultAddresses(index, `${address.replace(/\.\d+$/, '.0')}/24`).loadBalancerRange;
}

/** Of clusters that answer: Running and HAppy up to minikube 1.34, by the names of status codes from 1.35 on. */
const running = new Set(['Running', 'OK', 'HAppy', 'Warning', 'Degraded']);

export async function profileStatus(run: Runner, profile: string): Promise<string | undefined> {
  const { stdout } = await run('minikube', ['profile', 'list', '--output', 'json'], { timeoutMs: 30_000 });
  try {
    const { valid = [] } = JSON.parse(stdout) as { valid?: { Name: string; Status: string }[] };
    const status = valid.find((one) => one.Name === profile)?.Status;
    return status !== undefined && running.has(status) ? 'Running' : status;
  } catch {
    return undefined;
  }
}

interface About {
  cluster: string;
  signal?: AbortSignal;
}

async function hasAddon(run: Runner, profile: string, about: About): Promise<boolean> {
  const listed = await runTool(run, 'minikube', ['addons', 'list', '--profile', profile, '--output', 'json'], {
    ...about,
    what: `minikube does not list the addons of ${profile}`,
  });
  return JSON.parse(listed)['metallb']?.Status === 'enabled';
}

/** @returns whether it was enabled by this call. */
async function ensureAddon(
  run: Runner,
  profile: string,
  about: About,
  say: (detail: string) => void,
): Promise<boolean> {
  if (await hasAddon(run, profile, about)) return false;
  say('minikube addons enable metallb');
  const [program = '', ...args] = addonCommand(profile);
  await runTool(run, program, args, {
    ...about,
    what: `minikube does not enable MetalLB in ${profile}`,
    timeoutMs: 5 * 60_000,
  });
  return true;
}

/** The addon comes with a pool that holds no address. It was made by our command, and gives place to the pool of the mesh file. */
async function dropEmptyPool(connection: KubeConnection): Promise<void> {
  await using client = new KubeClient(connection);
  await client.delete(kinds.ConfigMap, 'config', 'metallb-system').catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}
