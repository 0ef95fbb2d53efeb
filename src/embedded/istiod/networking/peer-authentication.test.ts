import { describe, expect, it } from 'vitest';
import { planted, plantedProxy, plantedSnapshot } from '../../../../test/support/planted-snapshot.ts';
import { listenersFor } from './index.ts';
import { mtlsMode } from './peer-authentication.ts';

const workload = { namespace: 'ns', labels: { app: 'web' } };
const web = { selector: { matchLabels: { app: 'web' } } };
const policy = (name: string, spec: object, namespace = 'ns') =>
  planted('PeerAuthentication', name, spec, { namespace });

describe('the mode of a workload', () => {
  const root = policy('root', { mtls: { mode: 'STRICT' } }, 'istio-system');
  const namespace = policy('namespace', { mtls: { mode: 'DISABLE' } });
  const own = policy('own', { ...web, mtls: { mode: 'UNSET' }, portLevelMtls: { 8080: { mode: 'STRICT' } } });

  it.each([
    ['nothing is said', [], 'PERMISSIVE'],
    ['the root namespace says', [root], 'STRICT'],
    ['the namespace says otherwise', [root, namespace], 'DISABLE'],
    ['its own leaves it open', [root, namespace, own], 'DISABLE'],
    [
      'the root namespace selects it, which is not believed',
      [policy('x', { ...web, mtls: { mode: 'STRICT' } }, 'istio-system')],
      'PERMISSIVE',
    ],
    ['the older of two says', [namespace, policy('younger', { mtls: { mode: 'STRICT' } })], 'DISABLE'],
  ] as const)('when %s', (_, objects, mode) => {
    expect(mtlsMode(plantedSnapshot([...objects]), workload)).toBe(mode);
  });

  it('is its port’s own where that is said', () => {
    const snapshot = plantedSnapshot([namespace, own]);
    expect(mtlsMode(snapshot, workload, 8080)).toBe('STRICT');
    expect(mtlsMode(snapshot, workload, 8081)).toBe('DISABLE');
  });
});

it('holds for ports that no Service declares', () => {
  const own = policy('own', { ...web, mtls: { mode: 'PERMISSIVE' }, portLevelMtls: { 9999: { mode: 'STRICT' } } });
  const inbound = listenersFor(plantedSnapshot([own]), plantedProxy()).find((one) => one.name === 'virtualInbound');
  const chains = inbound.filter_chains.filter((one: any) => one.filter_chain_match?.destination_port === 9999);
  expect(chains).toHaveLength(2);
  for (const chain of chains) expect(chain.filter_chain_match.transport_protocol).toBe('tls');
});
