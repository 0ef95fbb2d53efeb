/**
 * Envoy's messages, by their names: made from canonical JSON (as in an Envoy bootstrap) and read back to it. The descriptors are
 * generated data; loading them takes a moment, so they are read at the first use.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { mergeInto } from './merge.ts';

let registry: FileRegistry | undefined;

function load(): FileRegistry {
  if (registry) return registry;
  const file = new URL('generated/envoy.binpb.gz', import.meta.url);
  const set = fromBinary(FileDescriptorSetSchema, gunzipSync(readFileSync(file)));
  const camel = (name: string): string => name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
  // Compiled-in descriptors carry no JSON names.
  const complete = (message: (typeof set.file)[number]['messageType'][number]): void => {
    for (const field of message.field) field.jsonName ||= camel(field.name);
    for (const nested of message.nestedType) complete(nested);
  };
  for (const one of set.file) for (const message of one.messageType) complete(message);
  registry = createFileRegistry(set);
  return registry;
}

function messageOf(name: string): DescMessage {
  const message = load().getMessage(name);
  if (!message) throw new Error(`no descriptor of ${name}; add its file to scripts/generate-protos.py`);
  return message;
}

/** Encodes a message. @throws Error naming the field that does not fit. */
export function encodeMessage(name: string, value: JsonValue): Uint8Array {
  const message = messageOf(name);
  return toBinary(message, fromJson(message, value, { registry: load() }));
}

/** Decodes a message to JSON with the field names of the definition. */
export function decodeMessage(name: string, bytes: Uint8Array): any {
  const message = messageOf(name);
  return toJson(message, fromBinary(message, bytes), { registry: load(), useProtoFieldName: true });
}

const readable = (message: DescMessage, value: JsonValue) =>
  fromJson(message, withTypedStructs(value), { registry: load(), ignoreUnknownFields: true });
const written = (message: DescMessage, value: ReturnType<typeof fromJson>): any =>
  toJson(message, value, { registry: load(), useProtoFieldName: true });

/**
 * The message as this room writes it, from JSON that somebody else has written: fields by the names of the definition, and none that it
 * does not have. Extensions of unknown types become a TypedStruct, which Envoy reads as the type that it names.
 * @throws Error naming the field that does not fit
 */
export function normalizedMessage(name: string, value: JsonValue): any {
  const message = messageOf(name);
  return written(message, readable(message, value));
}

/** The first message with what the second says, both in JSON. @throws Error naming the field that does not fit. */
export function mergedMessages(name: string, target: JsonValue, source: JsonValue, replaceLists = false): any {
  const message = messageOf(name);
  const [into, from] = [readable(message, target), readable(message, source)];
  mergeInto(reflect(message, into), reflect(message, from), replaceLists);
  return written(message, into);
}

const typedStruct = 'xds.type.v3.TypedStruct';

function withTypedStructs(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withTypedStructs);
  if (typeof value !== 'object' || value === null) return value;
  const type = value['@type'];
  if (typeof type === 'string' && !load().getMessage(type.split('/').at(-1)!)) {
    const { '@type': _, ...rest } = value;
    return { '@type': `type.googleapis.com/${typedStruct}`, type_url: type, value: rest };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withTypedStructs(one as JsonValue)]));
}

export {
  type CertificateRequest,
  createCertificatePath,
  decodeCertificateRequest,
  decodeCertificateResponse,
  encodeCertificateRequest,
  encodeCertificateResponse,
} from './certificates.ts';
export { rawMethod } from './grpc.ts';
export type { JsonValue };
