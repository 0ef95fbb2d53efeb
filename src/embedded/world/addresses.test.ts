import { expect, it } from 'vitest';
import { addressAt } from './addresses.ts';

it('counts addresses from the start of the network, whatever address of it is written', () => {
  expect(addressAt('10.10.0.0/16', 1)).toBe('10.10.0.1');
  expect(addressAt('10.110.3.4/16', 10)).toBe('10.110.0.10');
  expect(addressAt('192.168.49.128/25', 2)).toBe('192.168.49.130');
});
