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
  const [old, made] = [before, written].map(comparable);
  const [was, is] = [old, made].map((one) => flatten(one));
  const paths = new Set([...was!.keys(), ...is!.keys()]);
  const fields = [...paths]
    .filter((path) => was!.get(path) !== is!.get(path))
    .map((path) => ({
      path,
      ...(was!.has(path) ? { before: was!.get(path)! } : {}),
      ...(is!.has(path) ? { after: is!.get(path)! } : {}),
    }));
  return {
    dryRun,
    changed: fields.length > 0,
    fields,
    before: stringify(old, { lineWidth: 0 }),
    after: stringify(made, { lineWidth: 0 }),
    checks: judge(written),
  };
}

function comparable(object: KubeObject): unknown {
  const { metadata, status: _, ...rest } = withoutBookkeeping(object);
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !bookkeeping.includes(key)));
  return { ...rest, metadata: kept };
}
