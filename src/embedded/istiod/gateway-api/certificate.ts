/** Whether a Secret is a certificate with its key, as a listener needs it. Nothing of it is kept but the answer. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Secret } from '../../../kube/index.ts';

const verdict = 'problem';

/** The Secret with nothing in it but what is wrong with it. */
export function withVerdict({ metadata, data }: Secret): Secret {
  const { name = '', namespace = '', resourceVersion = '' } = metadata;
  return { metadata: { name, namespace, resourceVersion }, data: { [verdict]: problemOf(data ?? {}) } };
}

/** @param secret as `withVerdict` has left it */
export function certificateProblem(secret: Secret | undefined, name: string): string | undefined {
  return secret ? secret.data?.[verdict] || undefined : `secret ${name} not found`;
}

function problemOf(data: Record<string, string>): string {
  const [certificate, key] = [data['tls.crt'] ?? data['cert'], data['tls.key'] ?? data['key']];
  if (!certificate || !key) return "found secret, but didn't have expected keys cert and key or tls.crt and tls.key";
  try {
    const pem = (text: string): Buffer => Buffer.from(text, 'base64');
    if (new X509Certificate(pem(certificate)).checkPrivateKey(createPrivateKey(pem(key)))) return '';
    return 'the certificate is malformed: private key does not match public key';
  } catch {
    return 'the certificate is malformed: no certificate and key can be read';
  }
}
