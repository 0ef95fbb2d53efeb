/** From an endpoint that appears in west to the first request in east that it answers: API write to answer, on one clock. */
import { kinds } from '../src/kube/index.ts';
import { type BenchMesh, podOf, quantile } from './mesh.ts';

const rounds = 20;
const namespace = 'sample';
const name = 'bench-endpoint';

export async function endpointChange(mesh: BenchMesh): Promise<string[]> {
  const [east, west] = [mesh.client('east'), mesh.client('west')];
  const service = {
    metadata: { name, namespace },
    spec: { ports: [{ name: 'http', port: 5000, targetPort: 5000, protocol: 'TCP' }] },
  };
  for (const client of [east, west]) await client.apply(kinds.Service, service, { fieldManager: 'bench' });
  const endpointOf = async (cluster: string) => {
    const pod = await podOf(mesh.client(cluster), namespace, 'app=helloworld');
    return {
      addresses: [pod['status']?.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace, name: pod.metadata.name },
    };
  };
  const slice = (endpoints: unknown[]) => ({
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: 5000, protocol: 'TCP' }],
  });
  // The service always has an endpoint in east: what changes is one endpoint, not whether there is a service.
  await east.apply(kinds.EndpointSlice, slice([await endpointOf('east')]), { fieldManager: 'bench' });
  const endpoint = await endpointOf('west');
  await west.apply(kinds.EndpointSlice, slice([endpoint]), { fieldManager: 'bench' });
  const asker = await startAsking(mesh);
  const times: number[] = [];
  const set = (endpoints: unknown[]) =>
    west.patch(kinds.EndpointSlice, name, namespace, { endpoints }, { type: 'merge' });
  try {
    await asker.seen('v2');
    for (let round = 0; round < rounds; round++) {
      await set([]);
      await asker.only('v1');
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      const begun = performance.now();
      const answered = asker.seen('v2');
      await set([endpoint]);
      times.push((await answered) - begun);
    }
  } finally {
    asker.stop();
    for (const client of [east, west]) {
      await client.delete(kinds.EndpointSlice, name, namespace);
      await client.delete(kinds.Service, name, namespace);
    }
  }
  const shown = [0, 0.5, 0.9, 1].map((share) => `${quantile(times, share).toFixed(0)} ms`);
  return ['| rounds | least | median | 90 % | most |', '|---|---|---|---|---|', `| ${rounds} | ${shown.join(' | ')} |`];
}

/** Requests without a pause from the client in east, each seen as it is answered. */
async function startAsking(mesh: BenchMesh) {
  const pod = await podOf(mesh.client('east'), namespace, 'app=curl');
  const url = `http://${name}.${namespace}:5000/hello?[1-1000000]`;
  const socket = await mesh.client('east').upgrade(`/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/exec`, {
    container: 'curl',
    stdout: true,
    command: ['curl', '-s', '--no-buffer', url],
    stderr: true,
  });
  const listeners = new Set<(version: string) => void>();
  socket.on('message', (message: Buffer) => {
    if (message[0] !== 1) return;
    for (const [, version] of message.toString().matchAll(/version: (v\d)/g))
      for (const listener of listeners) listener(version!);
  });
  const wait = (good: (version: string) => boolean): Promise<number> =>
    new Promise((resolve, reject) => {
      const listener = (version: string): void => {
        if (!good(version)) return;
        listeners.delete(listener);
        clearTimeout(timer);
        resolve(performance.now());
      };
      const timer = setTimeout(() => reject(new Error('the endpoint change was not seen within 20 s')), 20_000);
      listeners.add(listener);
    });
  return {
    /** When that version answers. */
    seen: (version: string) => wait((one) => one === version),
    /** When that version has answered two hundred times running. */
    only: (version: string) => {
      let running = 0;
      return wait((one) => {
        running = one === version ? running + 1 : 0;
        return running >= 200;
      });
    },
    stop: () => socket.terminate(),
  };
}
