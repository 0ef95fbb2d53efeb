import { expect, it } from 'vitest';
import { defaultMesh } from '../spec/index.ts';
import type { PartContext } from './part.ts';
import { explainSync } from './sync-state.ts';

/** West's context, with an istiod of east that gives this answer through the API server, or inside of its pod alone. */
function contextOf(clusterz: unknown, inside = false): PartContext {
  const pod = { metadata: { name: 'istiod-1' }, status: { phase: 'Running' } };
  const client = {
    list: async () => ({ items: clusterz === undefined ? [] : [pod] }),
    request: async () => (inside ? '' : clusterz),
    exec: async () => ({ stdout: JSON.stringify(clusterz) }),
  };
  const cluster = defaultMesh().clusters[1]!;
  const target = { internalServer: 'https://192.168.49.3:6443' };
  return { cluster, clientOf: () => client, targetOf: () => target } as unknown as PartContext;
}
const west = (syncStatus: string, more: object = {}) => [{ id: 'east' }, { id: 'west', syncStatus, ...more }];

it('names the address that istiod asks in vain, and what it says of it', async () => {
  const text = await explainSync(contextOf(west('timeout')));
  expect(text).toBe('istiod of east has not read the cluster: timeout; it asks https://192.168.49.3:6443');
  expect(await explainSync(contextOf(west('syncing', { lastError: 'connect ECONNREFUSED' }), true))).toContain(
    'syncing (connect ECONNREFUSED)',
  );
});

it('says when the remote secret was not taken', async () => {
  expect(await explainSync(contextOf([{ id: 'east' }]))).toContain('has not taken its remote secret');
});

it('says nothing of a cluster that is read, or while no istiod can be asked', async () => {
  expect(await explainSync(contextOf(west('synced'), true))).toBeUndefined();
  expect(await explainSync(contextOf(undefined))).toBeUndefined();
});
