import { expect, test } from 'vitest';
import { referencesOf } from './references.ts';

test('what volumes and environments name is found once, in init containers and projections too', () => {
  const pod = {
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      volumes: [
        { name: 'a', configMap: { name: 'settings' } },
        { name: 'b', secret: { secretName: 'keys', optional: true } },
        { name: 'c', projected: { sources: [{ configMap: { name: 'root' } }, { secret: { name: 'more-keys' } }, {}] } },
        { name: 'd', emptyDir: {} },
      ],
      initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 'init-keys' } }] }],
      containers: [
        {
          name: 'm',
          env: [
            { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'password', key: 'b' } } },
            { name: 'C', value: 'c' },
          ],
          envFrom: [{ configMapRef: { name: 'environment' } }],
        },
      ],
    },
  };
  expect(referencesOf(pod).map(({ source, name }) => `${source} ${name}`)).toEqual([
    'configMap settings',
    'secret keys',
    'configMap root',
    'secret more-keys',
    'secret init-keys',
    'configMap environment',
    'secret password',
  ]);
});
