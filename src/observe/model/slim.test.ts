import { expect, test } from 'vitest';
import type { Pod } from '../../kube/index.ts';
import { slimPod } from './slim.ts';

const pod = (owned: boolean): Pod => ({
  metadata: {
    name: 'a',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
    ...(owned ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' }] } : {}),
  },
  spec: {
    volumes: [{ name: 'v' }],
    containers: [
      {
        name: 'istio-proxy',
        image: 'p',
        args: ['proxy'],
        env: [{ name: 'A', value: 'b' }],
        volumeMounts: [],
        ports: [],
      },
    ],
    initContainers: [{ name: 'istio-init', image: 'i', securityContext: {} }],
  },
  status: { phase: 'Running' },
});

test('of a pod that somebody owns only what is asked of it is kept', () => {
  expect(slimPod(pod(true))).toMatchObject({
    metadata: { annotations: { kept: 'yes' } },
    status: { phase: 'Running' },
  });
  expect(slimPod(pod(true)).spec).toEqual({
    containers: [{ name: 'istio-proxy', image: 'p', args: ['proxy'], env: [{ name: 'A', value: 'b' }], ports: [] }],
    initContainers: [{ name: 'istio-init', image: 'i' }],
  });
});

test('a pod of nobody is its own description', () => {
  expect(slimPod(pod(false)).spec).toEqual(pod(false).spec);
});
