/** One cluster's Prometheus: found by its Service and asked through the API server, or at a URL that was given. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { type PrometheusSettings, settingsOf } from './settings.ts';

export interface Sample {
  metric: Record<string, string>;
  value: [number, string];
}

export interface RangeSeries {
  metric: Record<string, string>;
  values: [number, string][];
}

/** A Prometheus that gives no answer within this is taken as broken: nobody waits longer for a page. */
const answerWithinMs = 8000;

export class PrometheusClient {
  readonly cluster: ClusterModel;

  constructor(cluster: ClusterModel) {
    this.cluster = cluster;
  }

  /** What is asked, for people: `Service namespace/name` or a URL. Undefined where the cluster has none. */
  get source(): string | undefined {
    if (this.cluster.prometheusUrl) return this.cluster.prometheusUrl;
    const service = findService(this.cluster);
    return service && `Service ${service.metadata.namespace}/${service.metadata.name}`;
  }

  /** An instant query. @param time seconds since 1970 */
  async query(query: string, time?: number): Promise<Sample[]> {
    const data = await this.#ask('query', { query, ...(time ? { time: String(time) } : {}) });
    return data.result;
  }

  /** @param range times and step in seconds */
  async queryRange(query: string, range: { start: number; end: number; step: number }): Promise<RangeSeries[]> {
    const { start, end, step } = range;
    const data = await this.#ask('query_range', { query, start: `${start}`, end: `${end}`, step: `${step}` });
    return data.result;
  }

  async targets(): Promise<any[]> {
    return (await this.#ask('targets', { state: 'active' })).activeTargets ?? [];
  }

  async version(): Promise<string | undefined> {
    return (await this.#ask('status/buildinfo', {})).version;
  }

  /** What it does not tell is left out: the two pages are not open everywhere. */
  async settings(): Promise<PrometheusSettings> {
    const ask = (what: string): Promise<any> => this.#ask(what, {}).catch(() => undefined);
    const [configuration, runtime] = await Promise.all([ask('status/config'), ask('status/runtimeinfo')]);
    return settingsOf(configuration?.yaml, runtime?.storageRetention);
  }

  async #ask(what: string, parameters: Record<string, string>): Promise<any> {
    const { cluster } = this;
    const signal = AbortSignal.timeout(answerWithinMs);
    const query = new URLSearchParams(parameters);
    try {
      const answer = cluster.prometheusUrl
        ? await askUrl(`${cluster.prometheusUrl.replace(/\/$/, '')}/api/v1/${what}?${query}`, signal)
        : await cluster.client.request('GET', `${this.#proxyPath()}/api/v1/${what}`, { query: parameters, signal });
      const parsed = typeof answer === 'string' ? JSON.parse(answer) : answer;
      if (parsed?.status !== 'success') throw new Error(parsed?.error ?? 'its answer is not one of Prometheus');
      return parsed.data;
    } catch (error) {
      if (error instanceof IsthmusError && error.code === 'observe.no-prometheus') throw error;
      throw new IsthmusError({
        code: 'observe.prometheus',
        what: 'Prometheus gives no answer',
        where: `${cluster.name}: ${this.source}`,
        why: signal.aborted ? `no answer within ${answerWithinMs / 1000} s` : (refusalOf(error) ?? messageOf(error)),
        cause: error,
      });
    }
  }

  #proxyPath(): string {
    const service = findService(this.cluster);
    if (!service)
      throw new IsthmusError({
        code: 'observe.no-prometheus',
        what: 'there is no Prometheus',
        where: this.cluster.name,
        why: this.cluster.api.reachable
          ? 'no Service labelled app=prometheus or app.kubernetes.io/name=prometheus'
          : `the API server gives no answer: ${this.cluster.api.reason}`,
        fix: `name one: isthmus console --prometheus ${this.cluster.name}=http://address:9090`,
      });
    const { namespace, name } = service.metadata;
    return `/api/v1/namespaces/${namespace}/services/${name}:${portOf(service)}/proxy`;
  }
}

/** Istio's add-on and our own stand in the control plane's namespace; others are found by their label. */
function findService(cluster: ClusterModel): KubeObject | undefined {
  for (const namespace of cluster.rootNamespaces) {
    const found = cluster.get('Service', namespace, 'prometheus');
    if (found) return found;
  }
  const labelled = cluster.list('Service').filter(({ metadata }) => {
    const { app, 'app.kubernetes.io/name': name } = metadata.labels ?? {};
    return app === 'prometheus' || name === 'prometheus';
  });
  return labelled.find((one) => one['spec']?.ports?.some((port: any) => port.port === 9090)) ?? labelled[0];
}

function portOf(service: KubeObject): number {
  const ports: any[] = service['spec']?.ports ?? [];
  return (
    (ports.find((one) => one.port === 9090) ?? ports.find((one) => /http|web/.test(one.name ?? '')) ?? ports[0])
      ?.port ?? 9090
  );
}

function askUrl(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, { signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    request.on('error', reject).end();
  });
}

/** Prometheus says in the body why it refuses a query. */
function refusalOf(error: unknown): string | undefined {
  const body = (error as { body?: any }).body;
  return typeof body?.error === 'string' ? body.error : undefined;
}
