/** Discovery messages, written around resources that are encoded already, and read as far as the server needs (field numbers of discovery.proto). */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { decodeMessage } from '../../proto/index.ts';

export interface NodeFacts {
  id: string;
  cluster: string;
  metadata: Record<string, any>;
  locality?: { region?: string; zone?: string; sub_zone?: string };
}

export interface DeltaRequest {
  node?: NodeFacts;
  typeUrl: string;
  subscribe: string[];
  unsubscribe: string[];
  initialVersions: string[];
  nonce: string;
  error?: string;
}

export interface StateRequest {
  node?: NodeFacts;
  typeUrl: string;
  names: string[];
  nonce: string;
  versionInfo: string;
  error?: string;
}

export function readDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const raw = decodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes);
  return {
    ...(raw.node ? { node: nodeOf(raw.node) } : {}),
    typeUrl: raw.type_url ?? '',
    subscribe: raw.resource_names_subscribe ?? [],
    unsubscribe: raw.resource_names_unsubscribe ?? [],
    initialVersions: Object.keys(raw.initial_resource_versions ?? {}),
    nonce: raw.response_nonce ?? '',
    ...(raw.error_detail ? { error: raw.error_detail.message ?? 'refused' } : {}),
  };
}

export function readStateRequest(bytes: Uint8Array): StateRequest {
  const raw = decodeMessage('envoy.service.discovery.v3.DiscoveryRequest', bytes);
  return {
    ...(raw.node ? { node: nodeOf(raw.node) } : {}),
    typeUrl: raw.type_url ?? '',
    names: raw.resource_names ?? [],
    nonce: raw.response_nonce ?? '',
    versionInfo: raw.version_info ?? '',
    ...(raw.error_detail ? { error: raw.error_detail.message ?? 'refused' } : {}),
  };
}

function nodeOf(raw: any): NodeFacts {
  return {
    id: raw.id ?? '',
    cluster: raw.cluster ?? '',
    metadata: raw.metadata ?? {},
    ...(raw.locality ? { locality: raw.locality } : {}),
  };
}

export interface EncodedResource {
  name: string;
  /** Type of the message, where it is not that of the response. */
  type?: string;
  bytes: Uint8Array;
}

function any(typeUrl: string, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(typeUrl)
    .tag(2, WireType.LengthDelimited)
    .bytes(bytes)
    .finish();
}

/** Which istiod answers: Istio's ControlPlane.identifier, which istioctl shows. */
const controlPlane = new BinaryWriter()
  .tag(1, WireType.LengthDelimited)
  .string(JSON.stringify({ Component: 'istiod', ID: process.env['POD_NAME'] ?? '', Info: { version: '1.31.0' } }))
  .finish();

export function writeDeltaResponse(response: {
  version: string;
  typeUrl: string;
  nonce: string;
  resources: EncodedResource[];
  removed: string[];
}): Buffer {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(response.version);
  for (const { name, type, bytes } of response.resources) {
    const resource = new BinaryWriter();
    resource.tag(1, WireType.LengthDelimited).string(response.version);
    resource.tag(2, WireType.LengthDelimited).bytes(any(type ?? response.typeUrl, bytes));
    resource.tag(3, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).bytes(resource.finish());
  }
  writer.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  writer.tag(5, WireType.LengthDelimited).string(response.nonce);
  for (const name of response.removed) writer.tag(6, WireType.LengthDelimited).string(name);
  writer.tag(7, WireType.LengthDelimited).bytes(controlPlane);
  return Buffer.from(writer.finish());
}

export function writeStateResponse(response: {
  version: string;
  typeUrl: string;
  nonce: string;
  resources: EncodedResource[];
}): Buffer {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(response.version);
  for (const { type, bytes } of response.resources)
    writer.tag(2, WireType.LengthDelimited).bytes(any(type ?? response.typeUrl, bytes));
  writer.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  writer.tag(5, WireType.LengthDelimited).string(response.nonce);
  writer.tag(6, WireType.LengthDelimited).bytes(controlPlane);
  return Buffer.from(writer.finish());
}
