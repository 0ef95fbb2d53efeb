import { describe, expect, it } from 'vitest';
import { whyNoAddress, whyNotAvailable } from './predicates.ts';

describe('a Deployment', () => {
  const lack = (status: object, replicas = 2): string | undefined =>
    whyNotAvailable({
      metadata: { name: 'd', namespace: 'n', generation: 2 },
      spec: { replicas },
      status: { observedGeneration: 2, ...status },
    })?.why;

  it.each([
    ['has not been seen', { observedGeneration: 1 }, 'its controller has not seen it yet'],
    ['has old pods only', { updatedReplicas: 1 }, '1 of 2 pods are of the newest template'],
    [
      'is available by old pods',
      { replicas: 3, updatedReplicas: 2, availableReplicas: 2 },
      '1 pods of an older template still run',
    ],
    ['has a pod that is not ready', { replicas: 2, updatedReplicas: 2, availableReplicas: 1 }, '1 of 2 pods are ready'],
    ['is available', { replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, undefined],
  ])('that %s says so', (_, status, why) => {
    expect(lack(status)).toBe(why);
  });

  it('that is not there says so', () => {
    expect(whyNotAvailable(undefined)?.why).toBe('it does not exist');
  });
});

describe('a Service of type LoadBalancer', () => {
  const service = (ingress: object[]): any => ({ metadata: {}, spec: {}, status: { loadBalancer: { ingress } } });

  it('has an address, be it a number or a name', () => {
    expect(whyNoAddress(service([{ ip: '192.168.49.20' }]))).toBeUndefined();
    expect(whyNoAddress(service([{ hostname: 'lb.example' }]))).toBeUndefined();
  });
  it('or says what it lacks', () => {
    expect(whyNoAddress(service([]))?.why).toBe('it has no address');
    expect(whyNoAddress(undefined)?.why).toBe('it does not exist');
  });
});
