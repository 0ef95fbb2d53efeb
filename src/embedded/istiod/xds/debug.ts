/**
 * What istioctl asks for over ADS: the debug pages (`istio.io/debug`, whose one resource name is the page) and which proxies have accepted
 * what (`istio.io/debug/syncz`, Envoy's ClientConfig for each). Field numbers are those of csds.proto, base.proto and struct.proto.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { typeUrls } from '../networking/index.ts';
import type { Connection } from './connection.ts';
import type { EncodedResource } from './messages.ts';

export const debugType = 'istio.io/debug';
const syncType = `${debugType}/syncz`;

export const isDebugType = (typeUrl: string): boolean => typeUrl === debugType || typeUrl.startsWith(`${debugType}/`);

/** istioctl names no proxy of its own: it says `Generator: event` and brings the rights of an account. */
export async function debugResources(
  typeUrl: string,
  names: readonly string[],
  sources: { connections: () => Connection[]; page: (path: string) => Promise<string> },
): Promise<EncodedResource[]> {
  if (typeUrl === syncType)
    return sources
      .connections()
      .filter(({ proxy }) => proxy !== undefined)
      .map((connection) => ({
        name: connection.proxy!.nodeId,
        type: clientConfigType,
        bytes: clientConfig(connection),
      }));
  const [name = ''] = names;
  return [{ name, bytes: Buffer.from(await sources.page(`/debug/${name}`)) }];
}

const clientConfigType = 'type.googleapis.com/envoy.service.status.v3.ClientConfig';
/** Of envoy.service.status.v3.ConfigStatus. */
const status = { notSent: 2, synced: 1, stale: 3, error: 4 };

const message = (field: number, writer: BinaryWriter, body: Uint8Array): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).bytes(body);
const text = (field: number, writer: BinaryWriter, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value);

function clientConfig({ proxy, subscriptions }: Connection): Uint8Array {
  const config = new BinaryWriter();
  message(1, config, node(proxy!.nodeId, proxy!.metadata));
  for (const url of Object.values(typeUrls)) {
    const subscription = subscriptions.get(url);
    if (!subscription) continue;
    const one = text(1, new BinaryWriter(), url);
    const { lastError, nonceSent, nonceAcked } = subscription;
    const state = lastError
      ? status.error
      : nonceSent === ''
        ? status.notSent
        : nonceSent === nonceAcked
          ? status.synced
          : status.stale;
    one.tag(6, WireType.Varint).int32(state);
    if (lastError) message(8, one, text(3, new BinaryWriter(), lastError).finish());
    message(3, config, one.finish());
  }
  return config.finish();
}

function node(id: string, metadata: Record<string, unknown>): Uint8Array {
  const struct = new BinaryWriter();
  for (const key of ['CLUSTER_ID', 'NAMESPACE', 'ISTIO_VERSION']) {
    const value = text(3, new BinaryWriter(), String(metadata[key] ?? '')).finish();
    message(1, struct, message(2, text(1, new BinaryWriter(), key), value).finish());
  }
  return message(3, text(1, new BinaryWriter(), id), struct.finish()).finish();
}
