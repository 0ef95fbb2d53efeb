import { describe, expect, it } from 'vitest';
import { type ChainRule, chainRules } from './inbound-listener.ts';

/** A chain as `transport [alpn] kind`. */
const text = ({ transport, alpn, kind }: ChainRule): string =>
  `${transport ?? 'any'}${alpn ? ` ${alpn.join(',')}` : ''} ${kind}`;
const all = 'istio,istio-peer-exchange,istio-http/1.0,istio-http/1.1,istio-h2';
const http = 'istio-http/1.0,istio-http/1.1,istio-h2';

describe('inbound chains', () => {
  it.each([
    ['PERMISSIVE', 'HTTP', [`tls ${all} http-mtls`, 'raw_buffer http']],
    ['PERMISSIVE', 'GRPC', [`tls ${all} http-mtls`, 'raw_buffer http']],
    ['PERMISSIVE', 'TCP', [`tls ${all} tcp-mtls`, 'tls tls-passthrough', 'raw_buffer tcp']],
    [
      'PERMISSIVE',
      'UNSUPPORTED',
      [
        `tls ${http} http-mtls`,
        'raw_buffer http/1.1,h2c http',
        'tls istio-peer-exchange,istio tcp-mtls',
        'raw_buffer tcp',
        'tls tls-passthrough',
      ],
    ],
    ['STRICT', 'HTTP', ['tls http-mtls']],
    ['STRICT', 'TCP', ['tls tcp-mtls']],
    ['STRICT', 'UNSUPPORTED', [`tls ${http} http-mtls`, 'tls tcp-mtls']],
    ['DISABLE', 'HTTP', ['raw_buffer http']],
    ['DISABLE', 'TCP', ['raw_buffer tcp']],
    ['DISABLE', 'UNSUPPORTED', ['raw_buffer http/1.1,h2c http', 'raw_buffer tcp']],
  ] as const)('for %s and %s are those of Istio', (mode, protocol, expected) => {
    expect(chainRules(mode, protocol).map(text)).toEqual(expected);
  });

  it('let nothing but mutual TLS in under STRICT', () => {
    for (const protocol of ['HTTP', 'TCP', 'UNSUPPORTED'] as const)
      expect(
        chainRules('STRICT', protocol).every((rule) => rule.transport === 'tls' && rule.kind.endsWith('mtls')),
      ).toBe(true);
  });
});
