/** A configuration object as a request's body has it. */
import { parse } from 'yaml';
import { apiVersionOf, type KubeObject, kinds } from '../../kube/index.ts';
import type { istioKindOf } from '../../observe/index.ts';
import { badRequest } from './http.ts';

type Kind = NonNullable<ReturnType<typeof istioKindOf>>;

/**
 * The body as the object that the path names.
 * @param name as the path has it; without it any is taken, for an object that is to be made
 * @throws HttpError 400
 */
export function configObjectOf(body: string, kind: Kind, namespace: string, name?: string): KubeObject {
  let object: any;
  try {
    object = parse(body);
  } catch (error) {
    throw badRequest(`the body is neither YAML nor JSON: ${(error as Error).message.split('\n')[0]}`);
  }
  if (
    object === null ||
    typeof object !== 'object' ||
    Array.isArray(object) ||
    typeof object.metadata !== 'object' ||
    object.metadata === null
  )
    throw badRequest('the body is no Kubernetes object: it has no metadata');
  const { apiVersion = apiVersionOf(kinds[kind]) } = object;
  if (!name && typeof object.metadata.name !== 'string' && typeof object.metadata.generateName !== 'string')
    throw badRequest('the object has no name', 'write metadata.name');
  const isSame =
    (name === undefined || object.metadata.name === name) &&
    (object.metadata.namespace ?? namespace) === namespace &&
    (object.kind ?? kinds[kind].kind) === kinds[kind].kind &&
    String(apiVersion).startsWith(`${kinds[kind].group}/`);
  if (!isSame)
    throw badRequest(
      `the body is another object than ${kinds[kind].kind} ${namespace}${name ? `/${name}` : ''}`,
      name ? 'kind, name and namespace cannot be changed' : 'kind and namespace are those of the path',
    );
  return {
    ...object,
    apiVersion: apiVersionOf(kinds[kind]),
    kind: kinds[kind].kind,
    metadata: { ...object.metadata, namespace },
  };
}
