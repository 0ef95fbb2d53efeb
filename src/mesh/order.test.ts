import { expect, it } from 'vitest';
import { defaultMesh } from '../spec/index.ts';
import { startInOrder } from './order.ts';
import type { Part } from './part.ts';

const mesh = defaultMesh();
const part = (name: string, needs: Part['needs'], applies: Part['applies'] = () => true): Part => ({
  name,
  applies,
  needs,
  desired: () => [],
  ready: async () => {},
});

it('brings up each part once, after what it needs in its own and other clusters', async () => {
  const order: string[] = [];
  const parts = [
    part('last', (_, { name }) => [{ part: 'middle', cluster: name }]),
    part('middle', () => mesh.clusters.map(({ name }) => ({ part: 'first', cluster: name }))),
    part('first', () => []),
  ];
  await Promise.all(startInOrder(mesh, parts, async ({ name }, cluster) => order.push(`${name}/${cluster.name}`)));
  expect(order).toHaveLength(6);
  expect(order.map((one) => one.split('/')[0])).toEqual(['first', 'first', 'middle', 'middle', 'last', 'last']);
});

it('does not wait for a part that the cluster has not', async () => {
  const parts = [
    part('here', () => [{ part: 'elsewhere', cluster: 'west' }]),
    part(
      'elsewhere',
      () => [],
      (_, cluster) => cluster.role === 'primary',
    ),
  ];
  const done = await Promise.all(startInOrder(mesh, parts, async (one, { name }) => `${one.name}/${name}`));
  expect(done.sort()).toEqual(['elsewhere/east', 'here/east', 'here/west']);
});

it('does not begin what needs a part that failed', async () => {
  const begun: string[] = [];
  const parts = [part('broken', () => []), part('after', (_, { name }) => [{ part: 'broken', cluster: name }])];
  const results = await Promise.allSettled(
    startInOrder(mesh, parts, async ({ name }, cluster) => {
      begun.push(`${name}/${cluster.name}`);
      if (name === 'broken' && cluster.name === 'west') throw new Error('it is broken');
    }),
  );
  expect(begun).toEqual(['broken/east', 'broken/west', 'after/east']);
  expect(results.filter((one) => one.status === 'rejected')).toHaveLength(2);
});
