/** A client that asks a control plane, as a made-up node, for all that it would serve it. */
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { typeUrls } from '../../../src/embedded/istiod/networking/index.ts';
import { decodeMessage, encodeMessage, rawMethod } from '../../../src/embedded/proto/index.ts';

export interface AdsNode {
  id: string;
  metadata: Record<string, any>;
  locality?: { region?: string; zone?: string; sub_zone?: string };
}

type Resources = Map<string, any>;

export interface Served {
  clusters: Resources;
  endpoints: Resources;
  listeners: Resources;
  routes: Resources;
}

const request = 'envoy.service.discovery.v3.DiscoveryRequest';
const response = 'envoy.service.discovery.v3.DiscoveryResponse';
const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';

/** Asks for clusters and listeners, then for the endpoints and routes that they name. */
export async function fetchAll(address: string, node: AdsNode): Promise<Served> {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
  const method = rawMethod(path, true);
  const stream = client.makeBidiStreamRequest(path, method.requestSerialize, method.responseDeserialize);
  try {
    const clusters = await ask(stream, typeUrls.cluster, [], node);
    const listeners = await ask(stream, typeUrls.listener, []);
    const names = namesAsked(clusters, listeners);
    return {
      clusters,
      listeners,
      endpoints: names.endpoints.length > 0 ? await ask(stream, typeUrls.endpoint, names.endpoints) : new Map(),
      routes: names.routes.length > 0 ? await ask(stream, typeUrls.route, names.routes) : new Map(),
    };
  } finally {
    stream.cancel();
    client.close();
  }
}

function ask(
  stream: ClientDuplexStream<any, any>,
  type_url: string,
  names: string[],
  node?: AdsNode,
): Promise<Resources> {
  return new Promise((resolve, reject) => {
    const take = (bytes: Buffer): void => {
      try {
        const answer = decodeMessage(response, bytes);
        if (answer.type_url !== type_url) return;
        done();
        resolve(new Map((answer.resources ?? []).map((one: any) => [one.name ?? one.cluster_name, one])));
      } catch (error) {
        done();
        reject(error);
      }
    };
    const fail = (error: Error): void => {
      done();
      reject(error);
    };
    const done = (): void => {
      stream.off('data', take);
      stream.off('error', fail);
      // What comes after the answer, the end of a stream that is cancelled among it, concerns nobody.
      stream.on('error', () => {});
    };
    stream.on('data', take);
    stream.on('error', fail);
    const body = { type_url, resource_names: names, ...(node ? { node: node as any } : {}) };
    stream.write(Buffer.from(encodeMessage(request, body)));
  });
}

/** Names that Envoy would ask for, having these. */
export function namesAsked(clusters: Resources, listeners: Resources): { endpoints: string[]; routes: string[] } {
  const endpoints = [...clusters.values()]
    .filter((one) => one.type === 'EDS')
    .map((one) => one.eds_cluster_config?.service_name ?? one.name);
  const routes = new Set<string>();
  JSON.stringify([...listeners.values()], (_key, value) => {
    if (value?.rds?.route_config_name) routes.add(value.rds.route_config_name);
    return value;
  });
  return { endpoints: [...new Set<string>(endpoints)].sort(), routes: [...routes].sort() };
}
