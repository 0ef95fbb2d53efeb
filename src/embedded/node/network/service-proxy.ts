/** Keeps the kernel's rules equal to what Services and EndpointSlices say, and answers for the load-balancer addresses of this cluster. */

import { messageOf } from '../../../errors/index.ts';
import { type EndpointSlice, Informer, type KubeClient, kinds, type Service } from '../../../kube/index.ts';
import { run, tryRun } from '../../../process/index.ts';
import { serviceRules } from './rules.ts';

export interface ServiceProxyOptions {
  client: KubeClient;
  nodeName: string;
  nodeAddress: string;
  podCidr: string;
  serviceCidr: string;
  externalInterface: string;
  /** Where nobody knows a way back to pods: they go there with the node's address. Elsewhere, as to pods of other nodes, with their own. */
  externalNetwork: string;
  podBridge: string;
  nft: string;
  nftEnv?: Record<string, string>;
  log: (line: string) => void;
}

export async function startServiceProxy(options: ServiceProxyOptions): Promise<{ stop(): Promise<void> }> {
  const services = new Informer<Service>(options.client, kinds.Service);
  const slices = new Informer<EndpointSlice>(options.client, kinds.EndpointSlice);
  let loaded = '';
  let held = new Set<string>();
  const apply = async (): Promise<void> => {
    const { nodeName, nodeAddress, podCidr, serviceCidr, externalInterface, externalNetwork } = options;
    const rules = serviceRules({
      services: services.list(),
      slices: slices.list(),
      nodeName,
      nodeAddress,
      podCidr,
      serviceCidr,
      externalInterface,
      externalNetwork,
    });
    if (rules !== loaded)
      await run(options.nft, ['-f', '-'], { input: rules, env: { ...process.env, ...options.nftEnv } });
    loaded = rules;
    held = await holdAddresses(options, services.list(), held);
  };
  // A burst of changes is one transaction; a change during one leads to the next.
  let wanted = false;
  let running: Promise<void> | undefined;
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (wanted && !stopped) {
      wanted = false;
      await apply().catch(async (error) => {
        options.log(`rules are not loaded: ${messageOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
        wanted = true;
      });
    }
  };
  const schedule = (): void => {
    wanted = true;
    running ??= Promise.resolve()
      .then(loop)
      .finally(() => {
        running = undefined;
        if (wanted && !stopped) schedule();
      });
  };
  services.on(schedule);
  slices.on(schedule);
  services.start();
  slices.start();
  await Promise.all([services.synced, slices.synced]);
  schedule();
  await running;
  return {
    async stop() {
      stopped = true;
      await Promise.all([services.stop(), slices.stop()]);
      await running;
    },
  };
}

/** The node answers ARP for each address that it has: that is what makes a load-balancer address reachable on the shared network. */
async function holdAddresses(
  options: ServiceProxyOptions,
  services: Service[],
  held: Set<string>,
): Promise<Set<string>> {
  const wanted = new Set(
    services
      .filter((service) => service.spec['type'] === 'LoadBalancer')
      .flatMap((service) => (service.status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? ''))
      .filter(Boolean),
  );
  const device = options.externalInterface;
  for (const address of wanted)
    if (!held.has(address)) await tryRun('ip', ['addr', 'replace', `${address}/32`, 'dev', device]);
  for (const address of held)
    if (!wanted.has(address)) await tryRun('ip', ['addr', 'delete', `${address}/32`, 'dev', device]);
  return wanted;
}
