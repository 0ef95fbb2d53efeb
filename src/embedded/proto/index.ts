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
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

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
