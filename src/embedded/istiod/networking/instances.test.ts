import { expect, it } from 'vitest';
import type { MeshService } from '../model.ts';
import { byTargetPort, type ServiceInstance } from './instances.ts';

it('believes the oldest of several services on one port of a pod', () => {
  const instance = (hostname: string, createdAt: string, protocol: 'HTTP' | 'TCP'): ServiceInstance => ({
    service: { hostname, createdAt } as MeshService,
    port: { name: 'p', port: 80, protocol },
    targetPort: 5000,
  });
  const sorted = [instance('b', '2026-01-01', 'HTTP'), instance('a', '2026-01-02', 'TCP')];
  expect(byTargetPort(sorted).get(5000)?.port.protocol).toBe('HTTP');
});
