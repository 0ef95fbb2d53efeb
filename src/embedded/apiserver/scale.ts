/** The scale subresource: how many replicas a workload has and wants, as autoscaling/v1 shows it for every kind that has one. */
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { applyPatch, type PatchKind } from './merge/index.ts';
import { badRequest } from './status.ts';
import { atVersion, existing, replaceObject, type Target } from './writes.ts';

/** Where a kind keeps its numbers; custom resources say it in their definition. */
interface Paths {
  spec: string[];
  status: string[];
  /** Of a selector in text form; built-in kinds have one in the spec. */
  selector: string[] | undefined;
}

function pathsOf({ resource }: Target): Paths {
  const stated = resource.custom?.version.subresources?.scale;
  const parts = (path: string): string[] => path.split('.').filter(Boolean);
  return stated
    ? {
        spec: parts(stated.specReplicasPath),
        status: parts(stated.statusReplicasPath),
        selector: stated.labelSelectorPath ? parts(stated.labelSelectorPath) : undefined,
      }
    : { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: undefined };
}

const at = (object: any, path: string[]): any => path.reduce((value, part) => value?.[part], object);

function withValue(object: any, [first, ...rest]: string[], value: unknown): any {
  return first === undefined ? value : { ...object, [first]: withValue(object?.[first], rest, value) };
}

function shown(object: KubeObject, paths: Paths): KubeObject {
  const { name = '', namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = at(object, paths.spec);
  const selector = paths.selector ? at(object, paths.selector) : selectorText(object['spec']?.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace ? { namespace } : {}),
      uid: uid!,
      resourceVersion: resourceVersion!,
      creationTimestamp: creationTimestamp!,
    },
    spec: replicas === undefined ? {} : { replicas },
    status: { replicas: at(object, paths.status) ?? 0, ...(selector ? { selector } : {}) },
  };
}

/** As kubectl and autoscalers send it back in queries. */
function selectorText(selector: any): string {
  // A ReplicationController's selector is the bare map.
  const labels = selector?.matchLabels ?? (selector?.matchExpressions ? {} : selector);
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === 'In' || operator === 'NotIn') terms.push(`${key} ${operator.toLowerCase()} (${values.join(',')})`);
    else terms.push(operator === 'Exists' ? key : `!${key}`);
  }
  return terms.join(',');
}

export const readScale = (context: ServerContext, target: Target): KubeObject =>
  shown(existing(context, target).object, pathsOf(target));

const patchKinds: Record<string, PatchKind> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'merge',
};

/** PUT of a scale, or a patch of one. @throws StatusError 409 when the workload has changed since the version that is stated */
export async function writeScale(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  isPatch: boolean,
): Promise<KubeObject> {
  const paths = pathsOf(target);
  const { object: current } = existing(context, target);
  let wanted = (await request.body()) as any;
  if (isPatch) {
    const kind =
      patchKinds[
        String(request.headers['content-type'] ?? '')
          .split(';')[0]!
          .trim()
      ];
    if (!kind) throw badRequest('a scale is patched by a JSON patch or a merge patch');
    const { resourceVersion: _, ...metadata } = shown(current, paths).metadata;
    wanted = applyPatch({ ...shown(current, paths), metadata }, wanted, kind, undefined);
  }
  const replicas = wanted?.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0) throw badRequest('spec.replicas must be an integer of 0 or more');
  const changed: KubeObject = { ...withValue(current, paths.spec, replicas), metadata: { ...current.metadata } };
  const asked = wanted.metadata?.resourceVersion;
  if (asked) changed.metadata.resourceVersion = asked;
  else delete changed.metadata.resourceVersion;
  const { object: stored } = await replaceObject(context, request, target, atVersion(changed, target.resource));
  return shown(stored, paths);
}
