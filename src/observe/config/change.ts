/** Writing a configuration object: first as the server's own dry run, shown as a difference, with the findings that it would have. */
import { stringify } from 'yaml';
import { type KubeClient, type KubeObject, kinds } from '../../kube/index.ts';
import { withoutBookkeeping } from '../entities/yaml.ts';
import type { IstioKind } from '../model/observed-kinds.ts';
import type { ConfigChange, IstioCheck } from '../types/index.ts';
import { flatten } from './differences.ts';

export interface ChangeOptions {
  client: KubeClient;
  kind: IstioKind;
  object: KubeObject;
  dryRun: boolean;
  judge: (object: KubeObject) => IstioCheck[];
}

const fieldManager = 'isthmus-console';
const bookkeeping = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink'];

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** kubectl's own note is not shown, so that a text without it is no wish to lose it. */
function withKubectlNote(metadata: KubeObject['metadata'], before: KubeObject['metadata']): KubeObject['metadata'] {
  const note = before.annotations?.[lastApplied];
  if (note === undefined || metadata.annotations?.[lastApplied] !== undefined) return metadata;
  return { ...metadata, annotations: { ...metadata.annotations, [lastApplied]: note } };
}

/**
 * Replaces the object. With a resourceVersion in it, a change that somebody else has made meanwhile is a conflict (409) and is not overwritten.
 * @throws KubeApiError as the API server refuses it: by schema, by istiod's webhook, or by rights
 */
export async function changeConfig({ client, kind, object, dryRun, judge }: ChangeOptions): Promise<ConfigChange> {
  const { namespace, name = '' } = object.metadata;
  const before = await client.get<KubeObject>(kinds[kind], name, namespace);
  const wanted = {
    ...object,
    metadata: {
      ...withKubectlNote(object.metadata, before.metadata),
      resourceVersion: object.metadata.resourceVersion ?? before.metadata.resourceVersion!,
    },
  };
  const written = await client.replace(kinds[kind], wanted, { dryRun, fieldManager, fieldValidation: 'Strict' });
  return changeOf('update', dryRun, before, written, judge(written));
}

/** Makes the object. @throws KubeApiError as changeConfig; 409 where one of that name is there */
export async function createConfig({ client, kind, object, dryRun, judge }: ChangeOptions): Promise<ConfigChange> {
  const made = await client.create(kinds[kind], object, { dryRun, fieldManager, fieldValidation: 'Strict' });
  return changeOf('create', dryRun, undefined, made, judge(made));
}

/**
 * Takes the object away, if it is still the one that was shown.
 * @throws KubeApiError 404 where it is gone, 409 where it was changed or made anew since it was read, and by rights
 */
export async function deleteConfig(
  options: Pick<ChangeOptions, 'client' | 'kind' | 'dryRun'> & { namespace: string; name: string },
): Promise<ConfigChange> {
  const { client, kind, dryRun, namespace, name } = options;
  const before = await client.get<KubeObject>(kinds[kind], name, namespace);
  const { uid, resourceVersion } = before.metadata;
  await client.delete(kinds[kind], name, namespace, {
    dryRun,
    preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
  });
  return changeOf('delete', dryRun, before, undefined, []);
}

function changeOf(
  action: ConfigChange['action'],
  dryRun: boolean,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  checks: IstioCheck[],
): ConfigChange {
  const [old, made] = [before, after].map((one) => one && comparable(one));
  const [was, is] = [old, made].map((one) => (one === undefined ? new Map<string, string>() : flatten(one)));
  const fields = [...new Set([...was!.keys(), ...is!.keys()])]
    .filter((path) => was!.get(path) !== is!.get(path))
    .map((path) => ({
      path,
      ...(was!.has(path) ? { before: was!.get(path)! } : {}),
      ...(is!.has(path) ? { after: is!.get(path)! } : {}),
    }));
  const text = (value: unknown): string => (value === undefined ? '' : stringify(value, { lineWidth: 0 }));
  return { action, dryRun, changed: fields.length > 0, fields, before: text(old), after: text(made), checks };
}

function comparable(object: KubeObject): unknown {
  const { metadata, status: _, ...rest } = withoutBookkeeping(object);
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !bookkeeping.includes(key)));
  return { ...rest, metadata: kept };
}
