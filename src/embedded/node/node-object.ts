/** The Node: what this machine is, that it is ready, and that it is still there. */

import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../errors/index.ts';
import { kinds, type Node } from '../../kube/index.ts';
import { timestamp } from './container-state.ts';
import { type KubeletOptions, kubeletVersion } from './options.ts';

const leaseEveryMs = 10_000;

/** Registers the node and keeps its lease until the signal. */
export async function keepNode(options: KubeletOptions, signal: AbortSignal): Promise<void> {
  const { client, nodeName, log } = options;
  const node = nodeObject(options);
  await client.apply<Node>(kinds.Node, node, { fieldManager: 'kubelet', force: true });
  await client.apply<Node>(
    kinds.Node,
    { metadata: node.metadata, status: nodeStatus(options) },
    { fieldManager: 'kubelet', force: true, subresource: 'status' },
  );
  void (async () => {
    while (!signal.aborted) {
      const renewTime = new Date().toISOString().replace('Z', '000Z');
      const lease = {
        metadata: { name: nodeName, namespace: 'kube-node-lease' },
        spec: { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime },
      };
      await client
        .apply(kinds.Lease, lease, { fieldManager: 'kubelet', force: true })
        .catch((error) => log(`lease is not renewed: ${messageOf(error)}`));
      await pause(leaseEveryMs, undefined, { signal, ref: false }).catch(() => {});
    }
  })();
}

function nodeObject({ nodeName, podCidr, labels }: KubeletOptions): Node {
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  return {
    metadata: {
      name: nodeName,
      labels: {
        'beta.kubernetes.io/arch': architecture,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': nodeName,
        ...labels,
      },
    },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
  };
}

function nodeStatus({ nodeName, nodeAddress, listen }: KubeletOptions): Record<string, unknown> {
  const resources = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
    'ephemeral-storage': '10Gi',
  };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: timestamp(),
    lastTransitionTime: timestamp(),
  });
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8').trim();
    } catch {
      return '';
    }
  };
  return {
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    addresses: [
      { type: 'InternalIP', address: nodeAddress },
      { type: 'Hostname', address: nodeName },
    ],
    // Says that this kubelet takes exec over websockets: without it the API server of 1.36 comes with SPDY.
    declaredFeatures: ['ExtendWebSocketsToKubelet'],
    daemonEndpoints: { kubeletEndpoint: { Port: listen.port } },
    nodeInfo: {
      machineID: '',
      systemUUID: '',
      bootID: read('/proc/sys/kernel/random/boot_id'),
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="(.*)"$/m.exec(read('/etc/os-release'))?.[1] ?? 'Linux',
      containerRuntimeVersion: 'isthmus://0.1.0',
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: arch() === 'x64' ? 'amd64' : arch(),
    },
  };
}
