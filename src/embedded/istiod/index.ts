/**
 * Istio's control plane: a registry of all clusters, xDS to their proxies, the mesh's CA, and injection. It is an ordinary pod: what it knows
 * comes from the Kubernetes APIs of its clusters and from its mounted configuration.
 */
import type { Server as GrpcServer } from '@grpc/grpc-js';
import { messageOf } from '../../errors/index.ts';
import { KubeClient } from '../../kube/index.ts';
import {
  createCertificatePath,
  decodeCertificateRequest,
  encodeCertificateResponse,
  rawMethod,
} from '../proto/index.ts';
import { authenticator } from './authenticate.ts';
import { CertificateAuthority } from './ca/authority.ts';
import { ServingCertificate } from './ca/serving.ts';
import { Credentials } from './credentials/index.ts';
import { GatewayController } from './gateway-api/controller.ts';
import { debugPage, startDebugServer, startWebhookServer } from './http.ts';
import { type InjectionSettings, inject } from './inject/index.ts';
import { metricsRegistry } from './metrics.ts';
import { namesCredential } from './networking/index.ts';
import { MeshRegistry } from './registry/index.ts';
import { type Distribution, distributeRoot } from './root-distribution.ts';
import type { IstiodSettings } from './settings.ts';
import { validateReview } from './validation.ts';
import { credentialsOf, XdsServer } from './xds/index.ts';

export interface IstiodOptions {
  settings: IstiodSettings;
  client?: KubeClient;
  proxyImage: string;
  log: (line: string) => void;
}

/** Starts istiod; it is ready when every remote cluster known at the start has synced or timed out. */
export async function startIstiod(options: IstiodOptions): Promise<{ stop(): Promise<void> }> {
  const { settings, log } = options;
  const client = options.client ?? KubeClient.inCluster();
  const registry = new MeshRegistry(client, settings, log);
  const { meshConfig } = registry.current();
  const authority = await CertificateAuthority.load(settings.caFolder, meshConfig.trustDomain, log);
  const authenticate = authenticator(registry);
  const credentials = new Credentials({
    clientOf: (clusterId) => registry.registryOf(clusterId)?.client,
    configClusterId: settings.clusterId,
    isNamedByGateway: (proxy, name) => namesCredential(registry.current(), proxy, name),
    onChange: (clusterId, namespace) => xds.secretsChanged(clusterId, namespace),
    log,
  });
  const xds: XdsServer = new XdsServer({
    source: registry,
    authenticate,
    secret: (proxy, name) => credentials.resource(proxy, name),
    debounceAfterMs: settings.debounceAfterMs,
    debounceMaxMs: settings.debounceMaxMs,
    debugPage: (path) => debugPage(path, debugSources),
    log,
  });
  let ready = false;
  const debugSources = {
    registry,
    xds,
    isReady: () => ready,
    metrics: () => metricsRegistry(registry, xds, authority).metrics(),
  };
  const httpServers = await Promise.all([8080, 15_014].map((port) => startDebugServer(port, debugSources)));
  const distributions = distribute(registry, authority, settings, log);
  await registry.start();
  ready = true;
  log(
    `ready: ${registry
      .registries()
      .map((one) => one.id)
      .join(', ')}`,
  );

  const serving = await ServingCertificate.make(authority, servingNames(settings, meshConfig.discoveryAddress), log);
  httpServers.push(
    await startWebhookServer(15_017, serving, {
      inject: async (review, path) => inject(review, path, injectionSettings(registry, options)),
      validate: async (review) => validateReview(review),
    }),
  );
  const gateways = new GatewayController({
    registry,
    revision: settings.revision,
    injection: () => injectionSettings(registry, options),
    log,
  });
  const grpcServers = await startGrpc(xds, authority, registry, serving, settings, log);
  return {
    async stop() {
      xds.stop();
      for (const server of grpcServers) server.forceShutdown();
      for (const server of httpServers) server.close();
      await Promise.all([distributions.stop(), credentials.stop(), gateways.stop()]);
      await registry.stop();
    },
  };
}

function servingNames(settings: IstiodSettings, discoveryAddress: string): string[] {
  const { namespace, revision } = settings;
  const names = ['istiod', 'istiod-remote', 'istio-pilot', ...(revision === 'default' ? [] : [`istiod-${revision}`])];
  return [...new Set([discoveryAddress.split(':')[0]!, ...names.map((name) => `${name}.${namespace}.svc`)])];
}

async function startGrpc(
  xds: XdsServer,
  authority: CertificateAuthority,
  registry: MeshRegistry,
  serving: ServingCertificate,
  settings: IstiodSettings,
  log: (line: string) => void,
): Promise<GrpcServer[]> {
  const grpc = await import('@grpc/grpc-js');
  // Clients may bring a certificate or a token: who has neither is refused when it calls.
  const secure = grpc.experimental.createCertificateProviderServerCredentials(serving, serving, false);
  const ports: [number, import('@grpc/grpc-js').ServerCredentials][] = [
    [15_010, grpc.ServerCredentials.createInsecure()],
    [15_012, secure],
  ];
  return Promise.all(
    ports.map(async ([port, credentials]) => {
      const server = new grpc.Server({
        'grpc.max_receive_message_length': -1,
        'grpc.keepalive_time_ms': 30_000,
        'grpc.keepalive_timeout_ms': 10_000,
      });
      xds.addTo(server);
      addCertificateService(server, authority, registry, settings, log);
      await new Promise<void>((resolve, reject) => {
        server.bindAsync(`0.0.0.0:${port}`, credentials, (error) => (error ? reject(error) : resolve()));
      });
      return server;
    }),
  );
}

/** The identity in a certificate is the caller's; whatever the request names is ignored. */
function addCertificateService(
  server: GrpcServer,
  authority: CertificateAuthority,
  registry: MeshRegistry,
  settings: IstiodSettings,
  log: (line: string) => void,
): void {
  const authenticate = authenticator(registry);
  const create = (call: any, callback: (error: unknown, answer?: Buffer) => void): void => {
    void (async () => {
      const identity = await authenticate(credentialsOf(call)).catch((error) => {
        throw Object.assign(new Error(messageOf(error)), { code: 16 });
      });
      const { csr, validityDuration } = decodeCertificateRequest(call.request);
      const seconds = validityDuration || settings.workloadCertSeconds;
      if (seconds > settings.maxWorkloadCertSeconds)
        throw Object.assign(
          new Error(
            `requested TTL ${seconds}s is greater than the max allowed TTL ${settings.maxWorkloadCertSeconds}s`,
          ),
          { code: 3 },
        );
      return encodeCertificateResponse(await authority.sign(csr, identity.id, seconds));
    })().then(
      (answer) => callback(null, answer),
      (error) => {
        log(`CSR of ${call.getPeer()} is refused: ${messageOf(error)}`);
        callback({ code: error.code ?? 3, details: messageOf(error) });
      },
    );
  };
  server.addService(
    { CreateCertificate: rawMethod(createCertificatePath, false) } as never,
    { CreateCertificate: create } as never,
  );
}

/** Follows the clusters that come and go, so that each is told the root. */
function distribute(
  registry: MeshRegistry,
  authority: CertificateAuthority,
  settings: IstiodSettings,
  log: (line: string) => void,
): { stop(): Promise<void> } {
  const running = new Map<unknown, Distribution>();
  const update = (): void => {
    const wanted = new Set(registry.registries());
    for (const one of wanted)
      if (!running.has(one))
        running.set(
          one,
          distributeRoot(one, { settings, isLocal: one === registry.local, rootPem: () => authority.rootPem, log }),
        );
    for (const [one, distribution] of running) {
      if (wanted.has(one as never)) continue;
      running.delete(one);
      void distribution.stop();
    }
  };
  update();
  const unsubscribe = registry.subscribe((_, change) => change.full && update());
  authority.onChange(() => {
    for (const distribution of running.values()) distribution.refresh();
  });
  return {
    async stop() {
      unsubscribe();
      await Promise.all([...running.values()].map((one) => one.stop()));
    },
  };
}

/** Kubernetes 1.33 made init containers that keep running a stable feature. */
const nativeSidecarMinor = 33;

function injectionSettings(registry: MeshRegistry, options: IstiodOptions): InjectionSettings {
  const { settings } = options;
  const { meshConfig, clusters, config, rootNamespace } = registry.current();
  return {
    revision: settings.revision,
    clusterId: settings.clusterId,
    network: clusters.get(settings.clusterId)?.network ?? '',
    meshId: meshConfig.meshId,
    trustDomain: meshConfig.trustDomain,
    proxyImage: options.proxyImage,
    discoveryAddress: meshConfig.discoveryAddress,
    domain: settings.domain,
    nativeSidecars: registry.registries().every((one) => one.kubernetesMinor >= nativeSidecarMinor),
    proxyConfig: (meshConfig.raw['defaultConfig'] as Record<string, unknown> | undefined) ?? {},
    proxyConfigs: config.get('ProxyConfig') ?? [],
    rootNamespace,
  };
}
