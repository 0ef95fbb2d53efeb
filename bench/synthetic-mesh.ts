/**
 * A mesh of ten clusters, a thousand services and five thousand workloads that exist as objects and series only. They are served by the same
 * interfaces as those of real clusters: lists and watches of an API, and queries to Prometheus through it.
 */
import { Observer } from '../src/observe/index.ts';
import { ClusterModel } from '../src/observe/model/cluster-model.ts';
import { PlantedApi } from '../test/support/planted-api.ts';
import { plantDeployment } from '../test/support/planted-observed.ts';
import { bothSides, type PlantedSample } from '../test/support/planted-series.ts';

export const size = { clusters: 10, services: 1000, workloads: 5000, namespaces: 50 };
const query = '/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1/query';

export interface SyntheticMesh {
  observer: Observer;
  apis: PlantedApi[];
  series: number;
}

export async function syntheticMesh(): Promise<SyntheticMesh> {
  const apis = Array.from({ length: size.clusters }, (_, index) => new PlantedApi(`cluster${index}`));
  const samples = new Map<string, PlantedSample[]>(apis.map((one) => [one.name, []]));
  for (const [index, api] of apis.entries()) plantBase(api, index);
  // Every service has five versions, each in another cluster: half of what arrives crosses a border.
  for (let service = 0; service < size.services; service++) plantService(apis, service);
  let series = 0;
  for (let service = 0; service < size.services; service++)
    for (const call of callsOf(service))
      for (const one of bothSides(call)) {
        const counter = one.metric[one.metric['reporter'] === 'source' ? 'source_cluster' : 'destination_cluster']!;
        samples.get(counter)!.push(one);
        series++;
        if (one.metric['reporter'] !== 'source') continue;
        const {
          response_code: _,
          response_flags: __,
          connection_security_policy: ___,
          destination_service: ____,
          source_principal: _____,
          destination_principal: ______,
          ...time
        } = one.metric;
        samples.get(counter)!.push({ metric: { ...time, kind: 'time' }, value: [0, '12'] });
        series++;
      }
  // As text, which is parsed for each question, as it is when it comes over the network.
  for (const api of apis) {
    const text = JSON.stringify({ status: 'success', data: { result: samples.get(api.name) } });
    api.pages.set(query, () => JSON.parse(text));
  }
  samples.clear();
  const observer = new Observer();
  for (const api of apis) observer.model.add(new ClusterModel(api.name, api.client()));
  await observer.model.settled(60_000);
  return { observer, apis, series };
}

const versions = size.workloads / size.services;
const namespaceOf = (service: number): string => `ns${service % size.namespaces}`;
const clusterOf = (service: number, version: number): number => (service + version * 3) % size.clusters;
const workloadOf = (service: number, version: number): string => `svc${service}-v${version}`;

function plantBase(api: PlantedApi, index: number): void {
  const network = `network${index}`;
  api.put('Namespace', { metadata: { name: 'istio-system', labels: { 'topology.istio.io/network': network } } });
  for (let namespace = 0; namespace < size.namespaces; namespace++)
    api.put('Namespace', { metadata: { name: `ns${namespace}` } });
  const labels = { istio: 'eastwestgateway', app: 'istio-eastwestgateway' };
  plantDeployment(api, 'istio-system', 'istio-eastwestgateway', labels, { gateway: true });
  api.put('Service', {
    metadata: { name: 'istio-eastwestgateway', namespace: 'istio-system', labels },
    spec: { type: 'LoadBalancer', selector: labels, ports: [{ name: 'tls', port: 15_443 }] },
    status: { loadBalancer: { ingress: [{ ip: `192.168.50.${index}` }] } },
  });
  api.put('Service', {
    metadata: { name: 'prometheus', namespace: 'istio-system' },
    spec: { ports: [{ port: 9090 }] },
  });
}

function plantService(apis: PlantedApi[], service: number): void {
  const namespace = namespaceOf(service);
  for (let version = 0; version < versions; version++) {
    const api = apis[clusterOf(service, version)]!;
    plantDeployment(api, namespace, workloadOf(service, version), { app: `svc${service}`, version: `v${version}` });
    api.put('Service', {
      metadata: { name: `svc${service}`, namespace },
      spec: { selector: { app: `svc${service}` }, ports: [{ name: 'http', port: 80 }] },
    });
  }
}

/** Each workload of a service calls two others: one version of each of two further services. */
function callsOf(service: number) {
  return Array.from({ length: versions }, (_, version) => version).flatMap((version) =>
    [1, 7].map((step) => {
      const target = (service + step) % size.services;
      const at = (version + step) % versions;
      return {
        from: `cluster${clusterOf(service, version)}/${namespaceOf(service)}/${workloadOf(service, version)}`,
        to: `cluster${clusterOf(target, at)}/${namespaceOf(target)}/${workloadOf(target, at)}`,
        rate: 1 + (service % 10),
      };
    }),
  );
}
