/**
 * metrics.k8s.io: what pods and nodes use now, as `kubectl top` and autoscalers ask for it. Figures are differences of two samples from the
 * kubelets, which are taken when somebody asks: a cluster in which nobody does pays nothing.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { kubeletJson } from './node-proxy.ts';
import type { Resource } from './resources.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import { notFound } from './status.ts';

/** What is older is measured anew. Autoscalers look every fifteen seconds, and each look is to see something new. */
const freshMs = 10_000;
/** A first sample older than this says nothing of now. */
const oldestMs = 60_000;
const shortestWindowMs = 1_000;

interface Sample {
  at: number;
  /** By `NODE` or `NAMESPACE/POD/CONTAINER`. */
  usage: Map<string, { startTime: string; cpuNanoseconds: number; memoryBytes: number }>;
  nodes: string[];
}

class Measurements {
  #before: Sample | undefined;
  #latest: Sample | undefined;
  #running: Promise<void> | undefined;

  async read(context: ServerContext): Promise<{ before: Sample; latest: Sample }> {
    this.#running ??= this.#refresh(context).finally(() => {
      this.#running = undefined;
    });
    await this.#running;
    return { before: this.#before!, latest: this.#latest! };
  }

  async #refresh(context: ServerContext): Promise<void> {
    const age = this.#latest ? Date.now() - this.#latest.at : Number.POSITIVE_INFINITY;
    if (this.#before && age < freshMs) return;
    if (age < oldestMs && age >= shortestWindowMs) this.#before = this.#latest;
    else {
      this.#before = await sample(context);
      await pause(shortestWindowMs);
    }
    this.#latest = await sample(context);
  }
}

const measurements = new WeakMap<ServerContext, Measurements>();

async function sample(context: ServerContext): Promise<Sample> {
  const usage: Sample['usage'] = new Map();
  const nodes = context.storage.list('/nodes').map(({ object }) => object.metadata.name!);
  const at = Date.now();
  const take = (key: string, { startTime, cpu, memory }: any): void => {
    usage.set(key, { startTime, cpuNanoseconds: cpu.usageCoreNanoSeconds, memoryBytes: memory.workingSetBytes });
  };
  await Promise.all(
    nodes.map(async (name) => {
      const summary = await kubeletJson(context, name, '/stats/summary').catch(() => undefined);
      if (!summary) return;
      take(name, summary.node);
      for (const { podRef, containers } of summary.pods)
        for (const container of containers) take(`${podRef.namespace}/${podRef.name}/${container.name}`, container);
    }),
  );
  return { at, usage, nodes };
}

/** The answer to a get or list. @throws StatusError 404 for what has not been measured. */
export async function readMetrics(
  context: ServerContext,
  request: ApiRequest,
  resource: Resource,
  namespace: string | undefined,
  name: string | undefined,
): Promise<unknown> {
  const known = measurements.get(context) ?? new Measurements();
  measurements.set(context, known);
  const { before, latest } = await known.read(context);
  const items =
    resource.plural === 'nodes' ? nodeMetrics(context, before, latest) : podMetrics(context, before, latest, namespace);
  if (name) {
    const found = items.find((one) => one.metadata.name === name);
    if (!found) throw notFound(resource, name);
    return found;
  }
  const byLabel = labelSelector(request.query.get('labelSelector') ?? undefined);
  const byField = fieldSelector(request.query.get('fieldSelector') ?? undefined, resource);
  return {
    kind: resource.listKind,
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {},
    items: items.filter((one) => byLabel(one) && byField(one)),
  };
}

/** Undefined for what was not there, or not the same, at the first sample. */
function usageOf(key: string, before: Sample, latest: Sample): { cpu: string; memory: string } | undefined {
  const [first, last] = [before.usage.get(key), latest.usage.get(key)];
  if (!first || !last || first.startTime !== last.startTime) return undefined;
  const nanocores = ((last.cpuNanoseconds - first.cpuNanoseconds) / (latest.at - before.at)) * 1000;
  return { cpu: `${Math.max(0, Math.round(nanocores))}n`, memory: `${Math.round(last.memoryBytes / 1024)}Ki` };
}

function described(kind: string, object: KubeObject, before: Sample, latest: Sample): KubeObject {
  const { name = '', namespace, labels } = object.metadata;
  return {
    kind,
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
      creationTimestamp: new Date().toISOString(),
    },
    timestamp: new Date(latest.at).toISOString(),
    window: `${((latest.at - before.at) / 1000).toFixed(3)}s`,
  };
}

function nodeMetrics(context: ServerContext, before: Sample, latest: Sample): KubeObject[] {
  return context.storage.list('/nodes').flatMap(({ object }) => {
    const usage = usageOf(object.metadata.name!, before, latest);
    return usage ? [{ ...described('NodeMetrics', object, before, latest), usage }] : [];
  });
}

function podMetrics(
  context: ServerContext,
  before: Sample,
  latest: Sample,
  namespace: string | undefined,
): KubeObject[] {
  return context.storage.list('/pods', namespace).flatMap(({ object }) => {
    const { initContainers = [], containers: main = [] } = object['spec'];
    const containers = [...initContainers, ...main].flatMap(({ name }: { name: string }) => {
      const usage = usageOf(`${object.metadata.namespace}/${object.metadata.name}/${name}`, before, latest);
      return usage ? [{ name, usage }] : [];
    });
    return containers.length > 0 ? [{ ...described('PodMetrics', object, before, latest), containers }] : [];
  });
}
