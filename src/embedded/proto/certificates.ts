/**
 * istio.v1.auth.IstioCertificateService: two small messages, read and written by their field numbers (security/v1alpha1/ca.proto of Istio's
 * API: request csr = 1, metadata = 3, validity_duration = 4; response cert_chain = 1).
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export const createCertificatePath = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

export interface CertificateRequest {
  csr: string;
  /** Seconds; 0 leaves it to the CA. */
  validityDuration: number;
}

export function encodeCertificateRequest(request: CertificateRequest): Buffer {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(request.csr);
  if (request.validityDuration > 0) writer.tag(4, WireType.Varint).int64(request.validityDuration);
  return Buffer.from(writer.finish());
}

export function decodeCertificateRequest(bytes: Uint8Array): CertificateRequest {
  const request: CertificateRequest = { csr: '', validityDuration: 0 };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) request.csr = reader.string();
    else if (field === 4) request.validityDuration = Number(reader.int64());
    else reader.skip(wireType);
  }
  return request;
}

export function encodeCertificateResponse(chain: string[]): Buffer {
  const writer = new BinaryWriter();
  for (const certificate of chain) writer.tag(1, WireType.LengthDelimited).string(certificate);
  return Buffer.from(writer.finish());
}

export function decodeCertificateResponse(bytes: Uint8Array): string[] {
  const chain: string[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) chain.push(reader.string());
    else reader.skip(wireType);
  }
  return chain;
}
