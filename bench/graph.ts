/**
 * How long the console takes for the graph of a large mesh, from the question to the JSON text, and for what else its pages ask. Processor time
 * is told as well, of all threads: it depends less on what else the machine does.
 */
import { diagnose } from '../src/doctor/index.ts';
import { type ClusterModel, configItems, workloadList } from '../src/observe/index.ts';
import { quantile } from './mesh.ts';
import { size, syntheticMesh } from './synthetic-mesh.ts';

const rounds = 15;

export async function graphFigures(): Promise<string[]> {
  const begun = performance.now();
  const { observer, apis, series } = await syntheticMesh();
  await using _observer = observer;
  const read = (performance.now() - begun) / 1000;
  const all = {
    isWanted: () => true,
    duration: 60,
    queryTime: 0,
    boxBy: ['cluster', 'namespace'] as ('cluster' | 'namespace')[],
    includeIdle: false,
  };
  const rows = [
    await measure(
      'findings in all services and workloads, the first time',
      async () => observer.validator.all(() => true),
      1,
    ),
    await measure('what the doctor finds', async () =>
      diagnose({ clusters: observer.clusters.map(patientOf), graceMs: 0 }),
    ),
  ];
  let moment = 0;
  const graph = (graphType: 'workload' | 'app' | 'service', injectServiceNodes: boolean) => () =>
    // Another moment each time, so that nothing is answered from what was kept.
    observer.graph({ ...all, graphType, injectServiceNodes, queryTime: ++moment, isPast: true, responseTime: '95' });
  rows.push(
    await measure('graph of workloads', graph('workload', false)),
    await measure('graph of workloads with services between', graph('workload', true)),
    await measure('graph of apps', graph('app', false)),
    await measure('graph of services', graph('service', true)),
    await measure('graph of one namespace', () =>
      observer.graph({
        ...all,
        graphType: 'workload',
        injectServiceNodes: true,
        queryTime: ++moment,
        isPast: true,
        isWanted: ({ namespace }) => namespace === 'ns1',
      }),
    ),
    await measure('list of workloads with health', async () =>
      workloadList(await observer.scope({ duration: 60, queryTime: ++moment }, () => true)),
    ),
    await measure('topology', async () => observer.mesh()),
    await measure('configuration with findings, after a change of one service', async () => {
      apis[0]!.put('Service', {
        metadata: { name: 'svc0', namespace: 'ns0' },
        spec: { selector: { app: 'svc0' }, ports: [{ name: `http-${moment++}`, port: 80 }] },
      });
      await new Promise((resolve) => setImmediate(resolve));
      observer.validator.all(() => true);
      return configItems(
        observer.clusters,
        () => true,
        (cluster, kind, object) => observer.validator.of(observer.model.cluster(cluster)!, kind, object),
      );
    }),
  );
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  return [
    `${size.clusters} clusters, ${size.services} services, ${size.workloads} workloads, ${series} series; planted and read in ${read.toFixed(1)} s; the process then has ${memory} MiB, what serves the objects included.`,
    '',
    '| question | answer | median | 95 % | slowest | processor time, median |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
}

/** As the console has its doctor look. */
const patientOf = (cluster: ClusterModel) => ({
  name: cluster.context,
  client: cluster.client,
  held: (kind: Parameters<ClusterModel['held']>[0]) => cluster.held(kind),
});

async function measure(name: string, ask: () => Promise<unknown>, turns = rounds): Promise<string> {
  const times: number[] = [];
  const busy: number[] = [];
  let bytes = 0;
  for (let turn = 0; turn < turns; turn++) {
    const cpu = process.cpuUsage();
    const begun = performance.now();
    bytes = JSON.stringify(await ask()).length;
    times.push(performance.now() - begun);
    const { user, system } = process.cpuUsage(cpu);
    busy.push((user + system) / 1000);
  }
  const ms = (share: number, of = times): string => `${quantile(of, share).toFixed(0)} ms`;
  return `| ${name} | ${(bytes / 2 ** 20).toFixed(1)} MiB | ${ms(0.5)} | ${ms(0.95)} | ${ms(1)} | ${ms(0.5, busy)} |`;
}
