import { expect, it } from 'vitest';
import type { KubeObject } from '../../../kube/index.ts';
import { effectiveProxyConfig } from './proxy-config.ts';

const object = (namespace: string, spec: object): KubeObject => ({ metadata: { name: 'x', namespace }, spec });
const all = [
  object('istio-system', { concurrency: 1, environmentVariables: { A: 'root', B: 'root' } }),
  object('shop', { environmentVariables: { B: 'shop' } }),
  object('shop', { selector: { matchLabels: { app: 'web' } }, concurrency: 3 }),
  object('other', { concurrency: 9 }),
];
const configOf = (app: string, annotation?: string) =>
  effectiveProxyConfig({ drainDuration: '9s', proxyMetadata: { C: 'mesh' } }, all, {
    rootNamespace: 'istio-system',
    namespace: 'shop',
    pod: {
      metadata: { labels: { app }, ...(annotation ? { annotations: { 'proxy.istio.io/config': annotation } } : {}) },
      spec: {},
    },
  });

it('is laid over the default, the nearest last', () => {
  expect(configOf('web')).toEqual({
    drainDuration: '9s',
    concurrency: 3,
    proxyMetadata: { A: 'root', B: 'shop', C: 'mesh' },
  });
  expect(configOf('pay')['concurrency']).toBe(1);
});

it('gives way to the annotation of the pod', () => {
  expect(configOf('web', '{concurrency: 5, proxyMetadata: {A: pod}}')).toMatchObject({
    concurrency: 5,
    proxyMetadata: { A: 'pod', B: 'shop' },
  });
  expect(() => configOf('web', 'text')).toThrow(/not a mapping/);
});
