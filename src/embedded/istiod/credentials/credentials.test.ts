import { describe, expect, it } from 'vitest';
import { parseCredential, secretResource } from './resource.ts';

describe('the name of a credential', () => {
  it.each([
    ['kubernetes://shop', { name: 'shop', namespace: 'edge', isRoot: false }],
    ['kubernetes://shop-cacert', { name: 'shop', namespace: 'edge', isRoot: true }],
    ['kubernetes://other/shop', { name: 'shop', namespace: 'other', isRoot: false }],
    ['kubernetes://', undefined],
    ['kubernetes://a/b/c', undefined],
    ['default', undefined],
    ['file-cert:/a~/b', undefined],
  ])('%s is %o', (resource, expected) => {
    expect(parseCredential(resource, 'edge')).toEqual(expected);
  });
});

describe('a Secret as a resource', () => {
  const secret = (data: Record<string, string>) => ({ metadata: { name: 'shop', namespace: 'edge' }, data });
  const pair = {
    name: 'kubernetes://shop',
    tls_certificate: { certificate_chain: { inline_bytes: 'Yw==' }, private_key: { inline_bytes: 'aw==' } },
  };

  it.each([
    { 'tls.crt': 'Yw==', 'tls.key': 'aw==' },
    { cert: 'Yw==', key: 'aw==' },
  ])('has a certificate from %o', (data) => {
    expect(secretResource('kubernetes://shop', secret(data))).toEqual(pair);
  });

  it.each([{ 'ca.crt': 'cg==' }, { cacert: 'cg==' }])('has a root from %o', (data) => {
    expect(secretResource('kubernetes://shop-cacert', secret(data))).toEqual({
      name: 'kubernetes://shop-cacert',
      validation_context: { trusted_ca: { inline_bytes: 'cg==' } },
    });
  });

  it('is none without all that it needs', () => {
    expect(secretResource('kubernetes://shop', secret({ 'tls.crt': 'Yw==' }))).toBeUndefined();
    expect(
      secretResource('kubernetes://shop-cacert', secret({ 'tls.crt': 'Yw==', 'tls.key': 'aw==' })),
    ).toBeUndefined();
    expect(secretResource('kubernetes://shop', undefined)).toBeUndefined();
  });
});
