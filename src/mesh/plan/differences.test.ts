import { expect, it } from 'vitest';
import { differences } from './differences.ts';

const deployment = (image: string, labels: Record<string, string> = {}) => ({
  kind: 'Deployment',
  metadata: { name: 'd', resourceVersion: image, labels },
  spec: {
    containers: [
      { name: 'other', image: 'x' },
      { name: 'discovery', image },
    ],
  },
  status: { replicas: image.length },
});

it('names the field in an entry of a list by the name of the entry', () => {
  expect(differences(deployment('a'), deployment('b'))).toEqual([
    { path: 'spec.containers[name=discovery].image', before: 'a', after: 'b' },
  ]);
});

it('tells of what comes and goes', () => {
  const found = differences(deployment('a', { 'example.com/x': '1' }), deployment('a', { y: '2' }));
  expect(found).toEqual([
    { path: 'metadata.labels["example.com/x"]', before: '1', after: undefined },
    { path: 'metadata.labels.y', before: undefined, after: '2' },
  ]);
});

it('finds nothing in versions and statuses', () => {
  expect(differences(deployment('a'), { ...deployment('a'), status: { replicas: 9 } })).toEqual([]);
});

it('never tells a value of a Secret, but that it changes', () => {
  const secret = (token: string) => ({ kind: 'Secret', metadata: { name: 's' }, data: { token } });
  const found = differences(secret('b2xk'), secret('bmV3'));
  expect(found).toEqual([{ path: 'data.token', before: '(secret)', after: '(secret)' }]);
});
