/** From where a pod's environment and volumes are filled: the objects that it names, its own fields, tokens of its account. */
import { kinds, type Pod, type Service } from '../../kube/index.ts';
import type { EnvironmentSources } from './environment.ts';
import type { KubeletCaches } from './kubelet.ts';
import type { KubeletOptions } from './options.ts';
import type { VolumeSources } from './volumes.ts';

export class PodSources {
  readonly #options: KubeletOptions;
  readonly #caches: KubeletCaches;
  readonly #now: () => { pod: Pod; podIp: string };
  readonly #tokens = new Map<string, { token: string; until: number }>();

  /** @param now gives the newest version of the pod, and its address */
  constructor(options: KubeletOptions, caches: KubeletCaches, now: () => { pod: Pod; podIp: string }) {
    this.#options = options;
    this.#caches = caches;
    this.#now = now;
  }

  get #namespace(): string {
    return this.#now().pod.metadata.namespace ?? '';
  }

  environment(): EnvironmentSources {
    const namespace = this.#namespace;
    const text = (map: Record<string, Buffer> | undefined) =>
      map && Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value.toString('utf8')]));
    const { services } = this.#caches;
    const api = namespace === 'default' ? undefined : services.get('default', 'kubernetes');
    return {
      ...this.#now(),
      hostIp: this.#options.nodeAddress,
      services: [...services.list(namespace), api].filter((one): one is Service => one !== undefined),
      configMap: (name) => text(this.#caches.configMap(namespace, name)),
      secret: (name) => text(this.#caches.secret(namespace, name)),
    };
  }

  volumes(): VolumeSources {
    const namespace = this.#namespace;
    return {
      ...this.#now(),
      hostIp: this.#options.nodeAddress,
      configMap: (name) => this.#caches.configMap(namespace, name),
      secret: (name) => this.#caches.secret(namespace, name),
      claimed: (claimName) => this.#claimed(claimName),
      token: (request) => this.#token(request),
    };
  }

  async #claimed(claimName: string): Promise<any> {
    const { client } = this.#options;
    const claim = await client.find(kinds.PersistentVolumeClaim, claimName, this.#namespace);
    if (claim?.['status']?.phase !== 'Bound') return undefined;
    return (await client.find(kinds.PersistentVolume, claim['spec'].volumeName))?.['spec'];
  }

  /** Tokens are asked for again when four fifths of their life are over, as the kubelet does. */
  async #token(request: { audience?: string; expirationSeconds: number }): Promise<string> {
    const key = JSON.stringify(request);
    const kept = this.#tokens.get(key);
    if (kept && Date.now() < kept.until) return kept.token;
    const { pod } = this.#now();
    const { namespace, name, uid } = pod.metadata;
    const account = pod.spec['serviceAccountName'] ?? 'default';
    const answer = await this.#options.client.request(
      'POST',
      `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      {
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(request.audience ? { audiences: [request.audience] } : {}),
            expirationSeconds: request.expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
      },
    );
    this.#tokens.set(key, { token: answer.status.token, until: Date.now() + request.expirationSeconds * 800 });
    return answer.status.token;
  }
}
