/** Cluster DNS: names of Services and of pods behind headless ones, as the Kubernetes DNS specification has them. */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import {
  type Answer,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_DESIRED,
  streamDecode,
  streamEncode,
} from 'dns-packet';
import {
  type EndpointSlice,
  Informer,
  isAlreadyExists,
  type KubeClient,
  kinds,
  type Service,
} from '../../../kube/index.ts';

export interface DnsOptions {
  client: KubeClient;
  clusterDomain: string;
  listen: { address: string; port: number }[];
  log: (line: string) => void;
}

export type Lookup = { answers: Answer[] } | { missing: 'name' | 'type' };

const ttl = 5;
const authoritative = 1 << 10;

export async function startDns(options: DnsOptions): Promise<{ stop(): Promise<void> }> {
  const services = new Informer<Service>(options.client, kinds.Service).start();
  const slices = new Informer<EndpointSlice>(options.client, kinds.EndpointSlice).start();
  await Promise.all([services.synced, slices.synced]);
  const answer = (query: Packet): Packet => respond(query, options.clusterDomain, services.list(), slices.list());
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  for (const { address, port } of options.listen) {
    sockets.push(await listenUdp(address, port, answer));
    servers.push(await listenTcp(address, port, answer));
  }
  return {
    async stop() {
      for (const socket of sockets) socket.close();
      for (const server of servers) server.close();
      await Promise.all([services.stop(), slices.stop()]);
    },
  };
}

function listenUdp(address: string, port: number, answer: (query: Packet) => Packet): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    try {
      let reply = encode(answer(decode(message)));
      if (reply.length > 1232)
        reply = encode({ ...answer(decode(message)), answers: [], flags: authoritative | (1 << 9) });
      socket.send(reply, from.port, from.address);
    } catch {} // what is no DNS message gets no answer
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, () => resolve(socket));
  });
}

function listenTcp(address: string, port: number, answer: (query: Packet) => Packet): Promise<Server> {
  const server = createServer((connection) => {
    let received = Buffer.alloc(0);
    connection.on('error', () => {});
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      try {
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
          connection.write(streamEncode(answer(streamDecode(received))));
          received = received.subarray(2 + received.readUInt16BE(0));
        }
      } catch {
        connection.destroy();
      }
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve(server));
  });
}

export function respond(query: Packet, domain: string, services: Service[], slices: EndpointSlice[]): Packet {
  const question = query.questions?.[0];
  const base: Packet = {
    type: 'response',
    id: query.id ?? 0,
    questions: query.questions ?? [],
    answers: [],
    authorities: [],
  };
  if (!question) return { ...base, flags: 1 };
  const found = lookUp(question, domain, services, slices);
  const flags = authoritative | ((query.flags ?? 0) & RECURSION_DESIRED);
  if ('answers' in found) return { ...base, flags, answers: found.answers };
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  };
  const authorities: Answer[] = [{ type: 'SOA', name: domain, ttl, data }];
  return { ...base, flags: found.missing === 'name' ? flags | 3 : flags, authorities };
}

/** The records of a name. Names of other domains do not exist here: a world has no way out. */
export function lookUp(question: Question, domain: string, services: Service[], slices: EndpointSlice[]): Lookup {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  if (question.type === 'PTR') return pointer(name, domain, services);
  if (!name.endsWith(`.${domain}`)) return { missing: 'name' };
  const labels = name.slice(0, -domain.length - 1).split('.');
  const kind = labels.pop();
  if (kind === 'pod') return podRecord(question, name, labels);
  if (kind !== 'svc' || labels.length < 2) return { missing: labels.length === 0 || kind === 'svc' ? 'type' : 'name' };
  const namespace = labels.pop()!;
  const serviceName = labels.pop()!;
  const service = services.find((one) => one.metadata.name === serviceName && one.metadata.namespace === namespace);
  if (!service) return { missing: 'name' };
  if (service.spec['type'] === 'ExternalName')
    return labels.length > 0
      ? { missing: 'name' }
      : { answers: [{ type: 'CNAME', name, ttl, data: service.spec['externalName'] }] };
  const endpoints = readyEndpoints(service, slices);
  if (labels.length === 2 && labels[0]!.startsWith('_'))
    return serviceRecords(question, name, service, labels, endpoints, domain);
  if (labels.length > 1) return { missing: 'name' };
  const headless = service.spec['clusterIP'] === 'None';
  let addresses = headless ? endpoints.map((one) => one.address) : [service.spec['clusterIP']];
  if (labels.length === 1) addresses = endpoints.filter((one) => one.host === labels[0]).map((one) => one.address);
  if (addresses.length === 0) return { missing: labels.length === 1 || headless ? 'name' : 'type' };
  if (question.type !== 'A') return { missing: 'type' };
  return { answers: addresses.map((data) => ({ type: 'A', name, ttl, data })) };
}

function readyEndpoints(
  service: Service,
  slices: EndpointSlice[],
): { address: string; host: string; ports: { name: string; port: number; protocol: string }[] }[] {
  const { name, namespace } = service.metadata;
  const all = service.spec['publishNotReadyAddresses'] === true;
  return slices
    .filter(
      (slice) =>
        slice.metadata.namespace === namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === name,
    )
    .flatMap((slice) =>
      (slice.endpoints ?? [])
        .filter((one) => all || one.conditions?.ready !== false)
        .flatMap((one) =>
          one.addresses.map((address) => ({
            address,
            host: one.hostname ?? address.replaceAll('.', '-'),
            ports: (slice.ports ?? []).map((port) => ({
              name: port.name ?? '',
              port: port.port ?? 0,
              protocol: port.protocol ?? 'TCP',
            })),
          })),
        ),
    );
}

function serviceRecords(
  question: Question,
  name: string,
  service: Service,
  labels: string[],
  endpoints: ReturnType<typeof readyEndpoints>,
  domain: string,
): Lookup {
  const [portLabel, protocolLabel] = labels.map((label) => label.slice(1)) as [string, string];
  const fqdn = `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`;
  const fits = (port: { name?: string; protocol?: string }): boolean =>
    port.name === portLabel && (port.protocol ?? 'TCP').toLowerCase() === protocolLabel;
  const records =
    service.spec['clusterIP'] === 'None'
      ? endpoints.flatMap((one) => one.ports.filter(fits).map(({ port }) => ({ port, target: `${one.host}.${fqdn}` })))
      : (service.spec['ports'] ?? []).filter(fits).map(({ port }: any) => ({ port, target: fqdn }));
  if (records.length === 0) return { missing: 'name' };
  if (question.type !== 'SRV') return { missing: 'type' };
  return {
    answers: records.map((data: { port: number; target: string }) => ({
      type: 'SRV',
      name,
      ttl,
      data: { priority: 0, weight: 100, ...data },
    })),
  };
}

function podRecord(question: Question, name: string, labels: string[]): Lookup {
  const data = (labels[0] ?? '').replaceAll('-', '.');
  if (labels.length !== 2 || !/^(\d{1,3}\.){3}\d{1,3}$/.test(data)) return { missing: 'name' };
  return question.type === 'A' ? { answers: [{ type: 'A', name, ttl, data }] } : { missing: 'type' };
}

function pointer(name: string, domain: string, services: Service[]): Lookup {
  const address = name
    .replace(/\.in-addr\.arpa$/, '')
    .split('.')
    .reverse()
    .join('.');
  const service = services.find((one) => one.spec['clusterIP'] === address);
  if (!service) return { missing: 'name' };
  return {
    answers: [{ type: 'PTR', name, ttl, data: `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}` }],
  };
}

/** Service kube-dns, without a selector, and the slice that leads to this server. */
export async function ensureDnsService(
  client: KubeClient,
  place: { clusterIP: string; address: string; port: number },
): Promise<void> {
  const namespace = 'kube-system';
  const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/name': 'CoreDNS' };
  const create = (kind: typeof kinds.Service | typeof kinds.EndpointSlice, object: any) =>
    client.create(kind, object).catch((error) => {
      if (!isAlreadyExists(error)) throw error;
    });
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  await create(kinds.Service, {
    metadata: { name: 'kube-dns', namespace, labels },
    spec: { clusterIP: place.clusterIP, ports },
  });
  await create(kinds.EndpointSlice, {
    metadata: { name: 'kube-dns', namespace, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [place.address], conditions: { ready: true } }],
    ports: ports.map((port) => ({ ...port, port: place.port })),
  });
}
