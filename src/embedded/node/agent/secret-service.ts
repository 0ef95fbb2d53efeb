/** SDS for one proxy: `default`, its certificate and key, and `ROOTCA`, the mesh's root; sent again whenever they change. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../proto/index.ts';
import type { CertificateSource } from './workload-certificate.ts';

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

export const streamSecretsPath = '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets';

export function secretService(source: CertificateSource) {
  const streams = new Set<() => void>();
  let version = 0;
  source.subscribe(() => {
    version++;
    for (const send of streams) send();
  });
  return (call: ServerDuplexStream<Buffer, Buffer>): void => {
    let names: string[] = [];
    let sent = 0;
    const send = (): void => {
      const held = source.current();
      if (!held || names.length === 0) return;
      sent = version;
      const resources = names.flatMap((name): any[] => {
        if (name === 'default')
          return [
            {
              '@type': secretType,
              name,
              tls_certificate: {
                certificate_chain: { inline_string: held.chainPem },
                private_key: { inline_string: held.keyPem },
              },
            },
          ];
        if (name === 'ROOTCA')
          return [{ '@type': secretType, name, validation_context: { trusted_ca: { inline_string: held.rootPem } } }];
        return [];
      });
      const response = { version_info: String(version), nonce: String(version), type_url: secretType, resources };
      call.write(Buffer.from(encodeMessage('envoy.service.discovery.v3.DiscoveryResponse', response)));
    };
    streams.add(send);
    call.on('data', (bytes: Buffer) => {
      const request = decodeMessage('envoy.service.discovery.v3.DiscoveryRequest', bytes);
      const asked: string[] = request.resource_names ?? [];
      const isNew = asked.some((name) => !names.includes(name));
      names = asked;
      // An acknowledgement asks for nothing; new names and newer certificates do.
      if (isNew || sent < version) send();
    });
    const end = (): void => {
      streams.delete(send);
    };
    call.on('end', () => {
      end();
      call.end();
    });
    call.on('error', end);
    call.on('cancelled', end);
  };
}
