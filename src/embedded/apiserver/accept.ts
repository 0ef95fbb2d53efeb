/** What a body must be before anything is done with it: an object of the kind, place and types that the request is about. */
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest } from './context.ts';
import { apiVersion, type Resource } from './resources.ts';
import { type FieldError, prune, schemaOf, validate } from './schema/index.ts';
import { badRequest, invalid, StatusError } from './status.ts';
import type { Target } from './writes.ts';

/** Takes a body in: type and scope must fit the path, unknown fields are handled as the client asks. */
export function accept(
  request: ApiRequest,
  resource: Resource,
  body: KubeObject,
  target: Target,
  warnings: string[],
): KubeObject {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw badRequest('the body of the request is not an object');
  const wanted = apiVersion(resource);
  if (body.kind !== undefined && body.kind !== resource.kind)
    throw badRequest(
      `${body.kind} in version "${body.apiVersion}" cannot be handled as a ${resource.kind}: the kind does not match`,
    );
  if (body.apiVersion !== undefined && body.apiVersion !== wanted && body.apiVersion !== '')
    throw badRequest(
      `the API version in the data (${body.apiVersion}) does not match the expected API version (${wanted})`,
    );
  let object: KubeObject = structuredClone({
    ...body,
    apiVersion: wanted,
    kind: resource.kind,
    metadata: body.metadata ?? {},
  });
  const { namespace } = object.metadata;
  if (resource.namespaced) {
    if (namespace && namespace !== target.namespace)
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    if (target.namespace) object.metadata.namespace = target.namespace;
  } else delete object.metadata.namespace;
  const schema = schemaOf(resource);
  if (schema) {
    // Built-in kinds are decoded into types, which fails before anything else is looked at; a patch is decoded when it is merged.
    const [wrong] = resource.custom ? [] : validate(object, schema).filter(isWrongType);
    if (wrong) throw undecodable(request, resource, target, wrong);
    const { object: known, unknown } = prune(object, schema);
    const mode = request.query.get('fieldValidation') ?? 'Ignore';
    if (unknown.length > 0 && mode !== 'Strict' && isApply(request))
      throw untyped(resource, target, `.${unknown[0]}: field not declared in schema`);
    if (unknown.length > 0 && mode === 'Strict')
      throw badRequest(
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`,
      );
    if (mode === 'Warn') warnings.push(...unknown.map((path) => `unknown field "${path}"`));
    object = known;
  }
  return object;
}

function undecodable(request: ApiRequest, resource: Resource, target: Target, wrong: FieldError): StatusError {
  const { kind, group, version } = resource;
  if (request.method !== 'PATCH')
    return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${wrong.message}`);
  if (isApply(request)) return untyped(resource, target, wrong.message);
  return invalid(kind, group, target.name, [{ ...wrong, reason: 'FieldValueInvalid', field: 'patch' }]);
}

const isApply = (request: ApiRequest): boolean => String(request.headers['content-type']).includes('apply-patch');

/** What cannot be read as an object of its type cannot be applied; Kubernetes gives this no reason but the sentence. */
function untyped(resource: Resource, { namespace, name }: Target, why: string): StatusError {
  const place = namespace ? `${namespace}/${name}` : name;
  return new StatusError(
    500,
    '',
    `failed to create typed patch object (${place}; ${apiVersion(resource)}, Kind=${resource.kind}): ${why}`,
  );
}

const isWrongType = ({ reason }: FieldError): boolean => reason === 'FieldValueTypeInvalid';
