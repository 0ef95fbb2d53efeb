/**
 * OpenAPI documents in protocol buffers, for kubectl: before it sends an object it looks in them whether the server validates fields
 * itself (query parameter fieldValidation on the PATCH of the kind), and reads nothing else from this form. So this form says that and
 * no more; the JSON documents are whole. Field numbers are those of gnostic's OpenAPIv2.proto and OpenAPIv3.proto.
 */
import type { Resource } from './resources.ts';

export const protobufV2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
export const protobufV3 = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';

type Part = Buffer | string | Part[];

/** One length-delimited field. */
function field(number: number, ...value: Part[]): Buffer {
  const body = bytes(value);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function bytes(part: Part): Buffer {
  if (Array.isArray(part)) return Buffer.concat(part.map(bytes));
  return typeof part === 'string' ? Buffer.from(part) : part;
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...out, rest]);
}

const title = (version: string) => [field(1, 'Kubernetes'), field(2, version)];

export function openApiV2Protobuf(version: string): Buffer {
  return bytes([field(1, '2.0'), field(2, ...title(version))]);
}

export function openApiV3Protobuf(resources: Resource[], version: string): Buffer {
  const paths = resources.map((resource) => {
    const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
    const path = `${root}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}/{name}`;
    const { group, version: kindVersion, kind } = resource;
    const yaml = JSON.stringify({ group, version: kindVersion, kind });
    const parameters = ['fieldManager', 'fieldValidation', 'dryRun', 'force'].map((name) =>
      field(6, field(1, field(1, name), field(2, 'query'))),
    );
    const patch = [...parameters, field(13, field(1, 'x-kubernetes-group-version-kind'), field(2, field(2, yaml)))];
    return field(1, field(1, path), field(2, field(10, ...patch)));
  });
  return bytes([field(1, '3.0.0'), field(2, ...title(version)), field(4, ...paths)]);
}
