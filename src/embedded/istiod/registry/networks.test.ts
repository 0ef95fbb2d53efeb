import { describe, expect, it } from 'vitest';
import { contains, networkOf, parseMeshNetworks, statedGateways } from './mesh-networks.ts';

const networks = parseMeshNetworks(`
networks:
  network1:
    endpoints: [{fromRegistry: east}]
    gateways: [{registryServiceName: gateway.istio-system.svc.cluster.local, port: 15443}]
  network2:
    endpoints: [{fromCidr: 10.20.0.0/16}]
    gateways: [{address: gateway.example, port: 443}]
`);

describe('mesh networks', () => {
  it('say where an address is: by its range, else by its cluster', () => {
    expect(networkOf(networks, 'east', '10.10.0.1')).toBe('network1');
    expect(networkOf(networks, 'east', '10.20.3.4')).toBe('network2');
    expect(networkOf(networks, 'west', '10.10.0.1')).toBe('');
  });

  it('have gateways by address; those by Service are found with their cluster', () => {
    expect(statedGateways(networks)).toEqual([
      { network: 'network2', clusterId: '', address: 'gateway.example', port: 443 },
    ]);
  });

  it('may be empty, and must be a mapping', () => {
    expect(parseMeshNetworks('networks: {}').size).toBe(0);
    expect(parseMeshNetworks('').size).toBe(0);
    expect(() => parseMeshNetworks('text')).toThrow(/not a mapping/);
  });
});

it.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['192.168.128.0/17', '192.168.127.1', false],
  ['192.168.128.0/17', '192.168.200.1', true],
  ['0.0.0.0/0', '1.2.3.4', true],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
  ['10.0.0.0/8', 'name.example', false],
])('%s holds %s: %s', (range, address, expected) => {
  expect(contains(range, address)).toBe(expected);
});
