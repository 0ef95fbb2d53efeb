/** Service-account tokens: JWTs signed with ES256 in the claims that Kubernetes uses, and the check of those that come back. */
import { createPrivateKey, createPublicKey, createSign, createVerify, type KeyObject, randomUUID } from 'node:crypto';
import type { KubeObject } from '../../kube/index.ts';
import type { User } from './rbac.ts';
import type { Storage } from './storage.ts';

export interface TokenIssuerOptions {
  privateKeyPem: string;
  publicKeyPem: string;
  issuer: string;
}

const legacyIssuer = 'kubernetes/serviceaccount';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export class TokenIssuer {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly issuer: string;

  constructor(options: TokenIssuerOptions) {
    this.#privateKey = createPrivateKey(options.privateKeyPem);
    this.#publicKey = createPublicKey(options.publicKeyPem);
    this.issuer = options.issuer;
  }

  /** A token for an account, bound to an object if one is given: it dies with that object. */
  issue(
    account: KubeObject,
    options: { audiences: string[]; seconds: number; boundTo?: KubeObject; node?: { name: string; uid?: string } },
  ): {
    token: string;
    expires: Date;
  } {
    const now = Math.floor(Date.now() / 1000);
    const { name, namespace, uid } = account.metadata;
    const bound = options.boundTo
      ? {
          [String(options.boundTo.kind).toLowerCase()]: {
            name: options.boundTo.metadata.name,
            uid: options.boundTo.metadata.uid,
          },
        }
      : {};
    const claims = {
      aud: options.audiences,
      exp: now + options.seconds,
      iat: now,
      iss: this.issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        ...(options.node ? { node: options.node } : {}),
        ...bound,
        serviceaccount: { name, uid },
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
    };
    const text = `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}`;
    const signature = createSign('SHA256').update(text).sign({ key: this.#privateKey, dsaEncoding: 'ieee-p1363' });
    return { token: `${text}.${signature.toString('base64url')}`, expires: new Date((now + options.seconds) * 1000) };
  }

  /**
   * The user of a token, and the audiences of the token that were asked for.
   * @returns a reason when the token is not valid.
   */
  check(token: string, storage: Storage, audiences: string[]): { user: User; audiences: string[] } | { why: string } {
    const [header, payload, signature] = token.split('.');
    if (!header || !payload || !signature) return { why: 'the token is no JWT' };
    const genuine = createVerify('SHA256')
      .update(`${header}.${payload}`)
      .verify({ key: this.#publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    if (!genuine) return { why: 'invalid signature' };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (claims.iss === legacyIssuer) return this.#checkLegacy(token, claims, storage, audiences);
    if (claims.iss !== this.issuer) return { why: `the issuer is ${claims.iss}` };
    if (claims.exp * 1000 < Date.now()) return { why: 'service account token has expired' };
    const common = audiences.filter((audience) => (claims.aud as string[]).includes(audience));
    if (common.length === 0)
      return {
        why: `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
      };
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
    const account = storage.get('/serviceaccounts', namespace, serviceaccount.name)?.object;
    if (account?.metadata.uid !== serviceaccount.uid) return { why: 'service account token has been invalidated' };
    for (const [resource, bound] of [
      ['/pods', pod],
      ['/secrets', secret],
    ] as const)
      if (bound && storage.get(resource, namespace, bound.name)?.object.metadata.uid !== bound.uid)
        return { why: 'service account token has been invalidated' };
    const extra: Record<string, string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] };
    if (pod) {
      extra['authentication.kubernetes.io/pod-name'] = [pod.name];
      extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
    }
    if (node) extra['authentication.kubernetes.io/node-name'] = [node.name];
    return { user: serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid, extra), audiences: common };
  }

  /** Tokens in Secrets of type kubernetes.io/service-account-token do not expire; they live as long as their Secret. */
  #checkLegacy(
    token: string,
    claims: any,
    storage: Storage,
    audiences: string[],
  ): { user: User; audiences: string[] } | { why: string } {
    const claim = (name: string): string => claims[`kubernetes.io/serviceaccount/${name}`];
    const namespace = claim('namespace');
    const secret = storage.get('/secrets', namespace, claim('secret.name'))?.object;
    const held = secret?.['data']?.token;
    if (!held || Buffer.from(held, 'base64').toString('utf8') !== token)
      return { why: 'service account token has been invalidated' };
    const name = claim('service-account.name');
    const uid = claim('service-account.uid');
    if (storage.get('/serviceaccounts', namespace, name)?.object.metadata.uid !== uid)
      return { why: 'service account token has been invalidated' };
    // Legacy tokens have no audience of their own: they are good for the API server only.
    const common = audiences.includes(this.issuer) ? [this.issuer] : [];
    if (common.length === 0) return { why: 'legacy tokens are valid for the API server only' };
    return { user: serviceAccountUser(namespace, name, uid), audiences: common };
  }
}

export function serviceAccountUser(
  namespace: string,
  name: string,
  uid: string,
  extra?: Record<string, string[]>,
): User {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    ...(extra ? { extra } : {}),
  };
}
