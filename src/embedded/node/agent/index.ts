/**
 * The Istio agent of a proxy container, on the kubelet's side: it writes Envoy's bootstrap, carries its ADS stream to istiod, and gets and
 * serves its certificate. It speaks to any istiod as Istio's own agent does.
 */
import { rmSync, watch, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, Metadata, Server } from '@grpc/grpc-js';
import { createCertificatePath, rawMethod } from '../../proto/index.ts';
import { bootstrap, drainPath, sockets } from './bootstrap.ts';
import { fileSecrets } from './file-secrets.ts';
import { pilotAgent } from './pilot-agent.ts';
import { type ProxySettings, proxySettings, volumeFile } from './proxy-settings.ts';
import { secretService, streamSecretsPath } from './secret-service.ts';
import { agentMountPath, type ProxyAgent, type ProxyAgentRequest } from './types.ts';
import { type CertificateSource, keepCertificate } from './workload-certificate.ts';
import { xdsProxy } from './xds-proxy.ts';

export type { ProxyAgent, ProxyAgentRequest } from './types.ts';

/** Starts the agent and gives the command that runs Envoy in the container. */
export async function prepareProxyAgent(request: ProxyAgentRequest): Promise<ProxyAgent> {
  const grpc = await import('@grpc/grpc-js');
  const settings = proxySettings(request);
  const istiod = istiodConnection(grpc, request, settings);
  const id = `spiffe://${settings.trustDomain}/ns/${settings.namespace}/sa/${settings.serviceAccount}`;
  const certificate = keepCertificate(
    id,
    settings,
    (bytes) => callUnary(istiod.connect, createCertificatePath, bytes),
    request.log,
  );
  const roots = followRoots(request, certificate);
  const xds = xdsProxy(istiod.connect, request.log);
  const files = fileSecrets(request.volume, () => secrets.changed(), request.log);
  const secrets = secretService(certificate, files);
  const servers = await Promise.all([
    serve(grpc, join(request.folder, 'xds'), (server) =>
      server.addService(xds.definition as never, xds.handlers as never),
    ),
    serve(grpc, join(request.folder, 'sds'), (server) =>
      server.addService(
        { StreamSecrets: rawMethod(streamSecretsPath, true) } as never,
        { StreamSecrets: secrets.serve } as never,
      ),
    ),
  ]);
  writeFileSync(join(request.folder, 'envoy.json'), JSON.stringify(bootstrap(settings, request.podIp)), {
    mode: 0o600,
  });
  writeFileSync(join(request.folder, 'pilot-agent'), pilotAgent, { mode: 0o755 });
  return {
    argv: [
      request.envoy,
      ...['-c', `${agentMountPath}/envoy.json`, '--disable-hot-restart', '--concurrency', String(settings.concurrency)],
      ...[
        '--log-level',
        'warning',
        '--component-log-level',
        'misc:error',
        '--file-flush-interval-msec',
        '200',
        // As Istio's agent says it: whoever is connected to a listener that goes is told with the next answer, not some time later.
        '--drain-strategy',
        'immediate',
        '--drain-time-s',
        String(settings.drainSeconds),
      ],
    ],
    drain: (signal) => drain(join(request.folder, basename(sockets.drain)), settings, signal),
    async stop() {
      roots.close();
      files.stop();
      certificate.stop();
      for (const server of servers) server.forceShutdown();
      istiod.close();
    },
  };
}
/**
 * Other roots in istio-ca-root-cert are other certificates: the one that is held may be of a root that is about to go, and the roots by
 * which peers are judged come with the answer. Istio's agent learns them the same way, at its next renewal.
 */
function followRoots(request: ProxyAgentRequest, certificate: CertificateSource): { close(): void } {
  const folder = request.volume('/var/run/secrets/istio');
  const read = (): string => {
    try {
      return volumeFile(request, '/var/run/secrets/istio', 'root-cert.pem');
    } catch {
      return ''; // between two states of the volume
    }
  };
  let known = read();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const now = read();
    if (now === '' || now === known) return;
    known = now;
    request.log('the roots of the mesh have changed: a new certificate is asked for');
    certificate.renew();
  };
  const watcher = folder
    ? watch(folder, () => {
        clearTimeout(timer);
        timer = setTimeout(look, 50);
      })
    : undefined;
  return {
    close() {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

/** A proxy that cannot be told, since it has not started or has ended, is not waited for. */
async function drain(socketPath: string, settings: ProxySettings, signal: AbortSignal): Promise<void> {
  const told = Promise.withResolvers<boolean>();
  const asking = httpRequest({ socketPath, method: 'POST', path: drainPath(settings), timeout: 1_000 }, (response) => {
    response.resume();
    told.resolve(response.statusCode === 200);
  });
  asking.on('error', () => told.resolve(false));
  asking.on('timeout', () => asking.destroy());
  asking.end();
  if (await told.promise) await pause(settings.terminationDrainSeconds * 1000, undefined, { signal }).catch(() => {});
}

type Grpc = typeof import('@grpc/grpc-js');

/**
 * A client of istiod, made when the root certificate is there and made anew when the root or istiod's address changes; and the metadata
 * that says who calls: the pod's token and its cluster.
 */
function istiodConnection(
  grpc: Grpc,
  request: ProxyAgentRequest,
  settings: ProxySettings,
): { connect(): { client: Client; metadata: Metadata }; close(): void } {
  let made: { client: Client; basis: string } | undefined;
  const connect = () => {
    const root = volumeFile(request, '/var/run/secrets/istio', 'root-cert.pem');
    const { discoveryHost, discoveryPort } = settings;
    const resolved = /^\d+\.\d+\.\d+\.\d+$/.test(discoveryHost) ? discoveryHost : request.resolve(discoveryHost);
    if (!resolved) throw new Error(`Service ${discoveryHost} is not there: nothing leads to istiod`);
    const basis = `${resolved} ${root}`;
    if (made?.basis !== basis) {
      made?.client.close();
      const client = new grpc.Client(
        `ipv4:${resolved}:${discoveryPort}`,
        grpc.credentials.createSsl(Buffer.from(root)),
        {
          'grpc.ssl_target_name_override': discoveryHost,
          'grpc.default_authority': discoveryHost,
          'grpc.keepalive_time_ms': 30_000,
          'grpc.keepalive_timeout_ms': 10_000,
          'grpc.max_receive_message_length': -1,
          'grpc.initial_reconnect_backoff_ms': 100,
          'grpc.min_reconnect_backoff_ms': 100,
          'grpc.max_reconnect_backoff_ms': 3_000,
        },
      );
      made = { client, basis };
    }
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${volumeFile(request, '/var/run/secrets/tokens', 'istio-token').trim()}`);
    metadata.set('clusterid', settings.clusterId);
    return { client: made.client, metadata };
  };
  // Istiod may have gone before its proxies: to end there is nothing to look up.
  return { connect, close: () => made?.client.close() };
}

function callUnary(
  connect: () => { client: Client; metadata: Metadata },
  path: string,
  bytes: Buffer,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const { client, metadata } = connect();
    const method = rawMethod(path, false);
    const deadline = new Date(Date.now() + 10_000);
    client.makeUnaryRequest(
      path,
      method.requestSerialize,
      method.responseDeserialize,
      bytes,
      metadata,
      { deadline },
      (error, answer) => (error ? reject(error) : resolve(answer ?? Buffer.alloc(0))),
    );
  });
}

async function serve(grpc: Grpc, path: string, add: (server: Server) => void): Promise<Server> {
  rmSync(path, { force: true });
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  add(server);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return server;
}
