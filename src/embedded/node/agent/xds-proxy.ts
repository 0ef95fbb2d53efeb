/** Carries a proxy's ADS streams to istiod as bytes, adding who it is. When istiod goes away the stream ends, and Envoy asks again. */
import type { Client, ClientDuplexStream, Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import { rawMethod } from '../../proto/index.ts';

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

export const adsPaths = {
  delta: `${service}/DeltaAggregatedResources`,
  stateOfTheWorld: `${service}/StreamAggregatedResources`,
};

/** @param connect gives a client of istiod and fresh credentials for each stream. */
export function xdsProxy(connect: () => { client: Client; metadata: Metadata }, log: (line: string) => void) {
  const definition = {
    DeltaAggregatedResources: rawMethod(adsPaths.delta, true),
    StreamAggregatedResources: rawMethod(adsPaths.stateOfTheWorld, true),
  };
  const carry =
    (path: string) =>
    (downstream: ServerDuplexStream<Buffer, Buffer>): void => {
      let upstream: ClientDuplexStream<Buffer, Buffer>;
      try {
        const { client, metadata } = connect();
        const method = rawMethod(path, true);
        upstream = client.makeBidiStreamRequest(path, method.requestSerialize, method.responseDeserialize, metadata);
      } catch (error) {
        downstream.emit('error', Object.assign(error as Error, { code: 14 }));
        return;
      }
      let ended = false;
      const end = (error?: { code?: number; details?: string; message: string }): void => {
        if (ended) return;
        ended = true;
        if (error) {
          log(`stream to istiod ended: ${error.details ?? error.message}`);
          downstream.emit('error', { code: error.code ?? 14, details: error.details ?? error.message });
        } else downstream.end();
      };
      downstream.on('data', (bytes: Buffer) => {
        // Envoy sends little; what istiod is slow to take waits here.
        if (!ended && !upstream.write(bytes)) {
          downstream.pause();
          upstream.once('drain', () => downstream.resume());
        }
      });
      downstream.on('end', () => upstream.end());
      downstream.on('cancelled', () => {
        ended = true;
        upstream.cancel();
      });
      downstream.on('error', () => {
        ended = true;
        upstream.cancel();
      });
      upstream.on('data', (bytes: Buffer) => {
        if (!ended && !downstream.write(bytes)) {
          upstream.pause();
          downstream.once('drain', () => upstream.resume());
        }
      });
      upstream.on('error', (error: Error & { code?: number; details?: string }) => end(error));
      upstream.on('end', () => end());
    };
  return {
    definition,
    handlers: {
      DeltaAggregatedResources: carry(adsPaths.delta),
      StreamAggregatedResources: carry(adsPaths.stateOfTheWorld),
    },
  };
}
