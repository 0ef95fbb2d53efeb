/** The scale subresource: the replicas of a workload as autoscaling/v1 shows them, whatever kind it is of. */
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { applyPatch, type PatchKind } from './merge/index.ts';
import type { Resource } from './resources.ts';
import { badRequest } from './status.ts';
import { atVersion, existing, replaceObject, type Target } from './writes.ts';

interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

const builtIn: ScalePaths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };

const pathsOf = (resource: Resource): ScalePaths => resource.custom?.version.subresources?.scale ?? builtIn;

const at = (object: any, path: string): any =>
  path
    .split('.')
    .filter(Boolean)
    .reduce((value, name) => value?.[name], object);

function selectorText(object: any, resource: Resource): string | undefined {
  const { labelSelectorPath } = pathsOf(resource);
  if (resource.custom) return labelSelectorPath ? at(object, labelSelectorPath) : undefined;
  const selector = object.spec?.selector;
  return Object.entries(selector?.matchLabels ?? selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

export function scaleOf(object: KubeObject, resource: Resource): KubeObject {
  const { specReplicasPath, statusReplicasPath } = pathsOf(resource);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = at(object, specReplicasPath);
  const selector = selectorText(object, resource);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: name!,
      ...(namespace ? { namespace } : {}),
      uid: uid!,
      resourceVersion: resourceVersion!,
      creationTimestamp: creationTimestamp!,
    },
    spec: replicas === undefined ? {} : { replicas },
    status: { replicas: at(object, statusReplicasPath) ?? 0, ...(selector === undefined ? {} : { selector }) },
  };
}

const patchKinds: [string, PatchKind][] = [
  ['json-patch', 'json'],
  ['strategic-merge-patch', 'strategic'],
  ['merge-patch', 'merge'],
];

/** Sets the replicas that a Scale, or a patch of one, states. The managers of the field are those of the subresource. */
export async function changeScale(context: ServerContext, request: ApiRequest, target: Target): Promise<KubeObject> {
  const { resource } = target;
  const current = atVersion(existing(context, target).object, resource);
  const body = (await request.body()) as any;
  const kind = patchKinds.find(([name]) => String(request.headers['content-type']).includes(name))?.[1];
  const wanted: any = kind ? applyPatch(scaleOf(current, resource), body, kind, undefined) : body;
  const replicas = wanted?.spec?.replicas ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest(`spec.replicas: Invalid value: ${JSON.stringify(replicas)}: must be an integer of 0 or more`);
  const changed: any = structuredClone(current);
  const names = pathsOf(resource).specReplicasPath.split('.').filter(Boolean);
  const last = names.pop()!;
  let parent = changed;
  for (const name of names) parent = parent[name] ??= {};
  parent[last] = replicas;
  const version = body?.metadata?.resourceVersion;
  if (version) changed.metadata.resourceVersion = version;
  else delete changed.metadata.resourceVersion;
  const { object } = await replaceObject(context, request, target, changed);
  return scaleOf(atVersion(object, resource), resource);
}
