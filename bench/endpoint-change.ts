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
  const pod = await podOf(west, namespace, 'app=helloworld');
  const endpoint = {
    addresses: [pod['status']?.podIP],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace, name: pod.metadata.name },
  };
  const slice = {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [endpoint],
    ports: [{ name: 'http', port: 5000, protocol: 'TCP' }],
  };
  await west.apply(kinds.EndpointSlice, slice, { fieldManager: 'bench' });
  const asker = await startAsking(mesh);
  const times: number[] = [];
  const set = (endpoints: unknown[]) =>
    west.patch(kinds.EndpointSlice, name, namespace, { endpoints }, { type: 'merge' });
  try {
    await asker.until((code) => code === 200);
    for (let round = 0; round < rounds; round++) {
      await set([]);
      await asker.until((code) => code !== 200);
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 100));
      const begun = performance.now();
      const answered = asker.until((code) => code === 200);
      await set([endpoint]);
      times.push((await answered) - begun);
    }
  } finally {
    asker.stop();
    await west.delete(kinds.EndpointSlice, name, namespace);
    for (const client of [east, west]) await client.delete(kinds.Service, name, namespace);
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
    command: ['curl', '-s', '-o', '/dev/null', '--no-buffer', '-w', '%{stderr}%{http_code}\n', url],
    stderr: true,
  });
  let waiting: { wanted: (code: number) => boolean; resolve: (at: number) => void } | undefined;
  socket.on('message', (message: Buffer) => {
    if (message[0] !== 2) return;
    for (const line of message.subarray(1).toString().trim().split('\n')) {
      if (!waiting?.wanted(Number(line))) continue;
      waiting.resolve(performance.now());
      waiting = undefined;
    }
  });
  return {
    until: (wanted: (code: number) => boolean) =>
      new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('the endpoint change was not seen within 20 s')), 20_000);
        waiting = {
          wanted,
          resolve: (at) => {
            clearTimeout(timer);
            resolve(at);
          },
        };
      }),
    stop: () => socket.terminate(),
  };
}
