/** What the way through sidecars and gateways adds to a request, against a direct connection: all three ways by turns in one run. */
import { kinds } from '../src/kube/index.ts';
import { type BenchMesh, podOf, quantile } from './mesh.ts';

const rounds = 5;
const requests = 400;
const namespace = 'bench-plain';

export async function latency(mesh: BenchMesh): Promise<string[]> {
  const west = mesh.client('west');
  const apply = (kind: any, object: any) => west.apply(kind, object, { fieldManager: 'bench' });
  await apply(kinds.Namespace, { metadata: { name: namespace } });
  const pods: [string, object][] = [
    [
      'server',
      {
        image: 'docker.io/istio/examples-helloworld-v2:1.0',
        readinessProbe: { httpGet: { path: '/health', port: 5000 } },
      },
    ],
    ['client', { image: 'docker.io/curlimages/curl:8', command: ['sleep', 'infinity'] }],
  ];
  for (const [app, container] of pods)
    await apply(kinds.Deployment, {
      metadata: { name: app, namespace },
      spec: {
        selector: { matchLabels: { app } },
        template: {
          metadata: { labels: { app } },
          spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', ...container }] },
        },
      },
    });
  try {
    const server = await podOf(west, namespace, 'app=server');
    const plain = await podOf(west, namespace, 'app=client');
    const ways = {
      'direct, no proxy': {
        cluster: 'west',
        namespace,
        pod: plain.metadata.name!,
        container: 'main',
        url: `http://${server['status']?.podIP}:5000/hello`,
        version: 'v2',
      },
      'west to west, two sidecars': {
        cluster: 'west',
        namespace: 'sample',
        pod: (await podOf(west, 'sample', 'app=curl')).metadata.name!,
        container: 'curl',
        url: 'http://helloworld.sample:5000/hello',
        version: 'v2',
      },
      'east to west, two sidecars and a gateway': {
        cluster: 'east',
        namespace: 'sample',
        pod: (await podOf(mesh.client('east'), 'sample', 'app=curl')).metadata.name!,
        container: 'curl',
        url: 'http://helloworld.sample:5000/hello',
        version: 'v2',
      },
    };
    const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const [name, way] of Object.entries(ways)) {
        const command = ['curl', '-s', '-w', '~%{time_total}\n', `${way.url}?[1-${requests}]`];
        const { stdout } = await mesh
          .client(way.cluster)
          .exec({ namespace: way.namespace, pod: way.pod, container: way.container, command });
        for (const [, version, seconds] of stdout.matchAll(/version: (\S+),[^\n]*\n~([\d.]+)/g))
          if (version === way.version) times.get(name)!.push(Number(seconds) * 1000);
      }
    const base = quantile(times.get('direct, no proxy')!, 0.5);
    return [
      '| way | requests | median | 90 % | median against direct |',
      '|---|---|---|---|---|',
      ...[...times].map(
        ([name, list]) =>
          `| ${name} | ${list.length} | ${quantile(list, 0.5).toFixed(2)} ms | ${quantile(list, 0.9).toFixed(2)} ms | ${(quantile(list, 0.5) / base).toFixed(1)} x |`,
      ),
    ];
  } finally {
    await west.delete(kinds.Namespace, namespace);
  }
}
