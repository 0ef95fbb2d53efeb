/** SDS for one proxy: `default`, its certificate and key, `ROOTCA`, the mesh's root, and files; sent again whenever they change. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from '../../proto/index.ts';
import type { FileSecrets } from './file-secrets.ts';
import type { CertificateSource } from './workload-certificate.ts';

const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

export const streamSecretsPath = '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets';

export function secretService(source: CertificateSource, files: Pick<FileSecrets, 'read'>) {
  const streams = new Set<() => void>();
  let version = 1;
  const changed = (): void => {
    version++;
    for (const send of streams) send();
  };
  source.subscribe(changed);
  const serve = (call: ServerDuplexStream<Buffer, Buffer>): void => {
    let names: string[] = [];
    let sent = 0;
    const send = (): void => {
      const resources = names.flatMap((name): any[] => {
        const secret = name.startsWith('file-') ? files.read(name) : own(source, name);
        return secret ? [{ '@type': secretType, name, ...secret }] : [];
      });
      if (resources.length === 0) return;
      sent = version;
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
  return { serve, changed };
}

function own(source: CertificateSource, name: string): Record<string, unknown> | undefined {
  const held = source.current();
  if (held && name === 'default')
    return {
      tls_certificate: {
        certificate_chain: { inline_string: held.chainPem },
        private_key: { inline_string: held.keyPem },
      },
    };
  if (held && name === 'ROOTCA') return { validation_context: { trusted_ca: { inline_string: held.rootPem } } };
  return undefined;
}
