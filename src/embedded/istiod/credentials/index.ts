/**
 * Certificates of gateways: Secrets that a Gateway's or a DestinationRule's credentialName names, as SDS resources. A proxy gets those of its
 * own namespace in its own cluster, and only if its account may list Secrets there, as Istio asks it. They are watched from the first time
 * that somebody asks; nothing but certificates and keys of them is kept.
 */
import { messageOf } from '../../../errors/index.ts';
import { Informer, type KubeClient, type KubeObject, kinds, type Secret } from '../../../kube/index.ts';
import type { MeshProxy } from '../model.ts';
import { type CredentialName, certificateFields, parseCredential, secretResource } from './resource.ts';

export interface CredentialsOptions {
  /** Undefined for a cluster that is not known. */
  clientOf: (clusterId: string) => KubeClient | undefined;
  /** Where istiod reads its configuration. */
  configClusterId: string;
  /** Whether a Gateway that the proxy serves asks for the credential. */
  isNamedByGateway: (proxy: MeshProxy, name: string) => boolean;
  /** What proxies of that cluster and namespace can be told has changed. */
  onChange: (clusterId: string, namespace: string) => void;
  log: (line: string) => void;
}

/** Names of certificates that came by the Gateway API. */
const gatewayScheme = 'kubernetes-gateway://';
/** Milliseconds for which an answer on rights holds; one who was refused is asked about again sooner. */
const allowedMs = 60_000;
const refusedMs = 3_000;

export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #secrets = new Map<string, Informer<Secret>>();
  /** Proxies, one for each place, that have certificates of another namespace or cluster, by where these are from. */
  readonly #readers = new Map<string, Map<string, Pick<MeshProxy, 'clusterId' | 'namespace'>>>();
  readonly #rights = new Map<string, { allowed: boolean; until: number }>();
  readonly #asking = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** The resource of that SDS name for a proxy; undefined as long as it may not have it, or there is none. */
  resource(proxy: MeshProxy, name: string): unknown {
    if (name.startsWith(gatewayScheme)) return this.#ofGateway(proxy, name);
    const credential = parseCredential(name, proxy.namespace);
    if (!credential || credential.namespace !== proxy.namespace) return undefined;
    const client = this.#options.clientOf(proxy.clusterId);
    if (!client || !this.#mayList(client, proxy)) return undefined;
    return secretResource(name, this.#find(client, proxy.clusterId, credential));
  }

  /**
   * A certificate that a Gateway of the Gateway API names lies in the config cluster, maybe in another namespace: whether the Gateway may name
   * it was asked when it was read, and its proxy needs no rights.
   */
  #ofGateway(proxy: MeshProxy, name: string): unknown {
    const credential = parseCredential(name.replace(gatewayScheme, 'kubernetes://'), proxy.namespace);
    const { configClusterId, clientOf, isNamedByGateway } = this.#options;
    const client = clientOf(configClusterId);
    if (!credential || !client || !isNamedByGateway(proxy, name)) return undefined;
    const key = `${configClusterId}/${credential.namespace}`;
    const readers = this.#readers.get(key) ?? new Map();
    this.#readers.set(key, readers);
    readers.set(`${proxy.clusterId}/${proxy.namespace}`, proxy);
    return secretResource(name, this.#find(client, configClusterId, credential));
  }

  /** A root may have a Secret of its own, else it lies beside the certificate. */
  #find(client: KubeClient, clusterId: string, { name, namespace, isRoot }: CredentialName): Secret | undefined {
    const informer = this.#watch(client, clusterId, namespace);
    return (isRoot ? informer.get(namespace, `${name}-cacert`) : undefined) ?? informer.get(namespace, name);
  }

  #watch(client: KubeClient, clusterId: string, namespace: string): Informer<Secret> {
    const key = `${clusterId}/${namespace}`;
    const known = this.#secrets.get(key);
    if (known?.client === client) return known;
    void known?.stop();
    const informer = new Informer<Secret>(client, kinds.Secret, { namespace, transform: onlyCertificates });
    this.#secrets.set(key, informer);
    informer.on(() => {
      this.#options.onChange(clusterId, namespace);
      for (const reader of this.#readers.get(key)?.values() ?? [])
        if (reader.clusterId !== clusterId || reader.namespace !== namespace)
          this.#options.onChange(reader.clusterId, reader.namespace);
    });
    informer.start();
    return informer;
  }

  #mayList(client: KubeClient, { clusterId, namespace, serviceAccount }: MeshProxy): boolean {
    const key = `${clusterId}/${namespace}/${serviceAccount}`;
    const known = this.#rights.get(key);
    if (!known || known.until < Date.now()) void this.#ask(client, key, clusterId, namespace, serviceAccount);
    return known?.allowed ?? false;
  }

  async #ask(client: KubeClient, key: string, clusterId: string, namespace: string, account: string): Promise<void> {
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    let allowed = false;
    try {
      const review = await client.create<KubeObject>(kinds.SubjectAccessReview, {
        metadata: {},
        spec: {
          user: `system:serviceaccount:${namespace}:${account}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: { namespace, verb: 'list', resource: 'secrets', version: 'v1' },
        },
      });
      allowed = review['status']?.allowed === true;
    } catch (error) {
      this.#options.log(`rights of ${key} are not known: ${messageOf(error)}`);
    }
    this.#asking.delete(key);
    const before = this.#rights.get(key);
    this.#rights.set(key, { allowed, until: Date.now() + (allowed ? allowedMs : refusedMs) });
    if (!allowed) {
      if (before?.allowed !== false)
        this.#options.log(
          `${key} may not list Secrets of its namespace: it gets no certificates by credentialName until a Role permits it`,
        );
      // Rights come without a word; whoever waits for them asks again.
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#options.onChange(clusterId, namespace);
      }, refusedMs + 50).unref();
      this.#timers.add(timer);
    } else if (!before?.allowed) this.#options.onChange(clusterId, namespace);
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#secrets.values()].map((informer) => informer.stop()));
  }
}

function onlyCertificates({ metadata, type, data }: Secret): Secret {
  const { name = '', namespace = '', resourceVersion } = metadata;
  const kept = Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => certificateFields.has(key)));
  return {
    metadata: { name, namespace, ...(resourceVersion ? { resourceVersion } : {}) },
    ...(type ? { type } : {}),
    data: kept,
  };
}
