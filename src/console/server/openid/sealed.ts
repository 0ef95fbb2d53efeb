/** Values that a browser keeps for the server and can neither read nor change. Another process, or the same one started anew, cannot open them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const [ivBytes, tagBytes] = [12, 16];

export class Sealer<T extends { expires: number }> {
  readonly #key = randomBytes(32);

  seal(value: T): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.#key, iv);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** Undefined for what was not sealed here, was changed, or has expired (`expires`, milliseconds since 1970). */
  open(text: string): T | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= ivBytes + tagBytes) return undefined;
    try {
      const decipher = createDecipheriv(algorithm, this.#key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      const opened = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
      const value: T = JSON.parse(opened.toString('utf8'));
      return value.expires > Date.now() ? value : undefined;
    } catch {
      return undefined;
    }
  }
}
