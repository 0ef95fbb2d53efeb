/** The other cross: our istiod, in a pod of upstream's Kubernetes, with its own account and rights. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { meshFile, type RealWorld, startRealWorld } from './support/real-world.ts';

let world: RealWorld;
let mesh: MeshCommands;
let upOutput = '';

beforeAll(async () => {
  world = await startRealWorld('isthmus');
  mesh = meshCommands(meshFile(world, 'isthmus'));
  upOutput = await mesh.succeed(['up']);
});

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

describe("our control plane on upstream's Kubernetes", () => {
  test('up ends verified', () => {
    expect(upOutput).toContain('stands and is verified');
  });

  test('a second up changes nothing', async () => {
    expect(await mesh.succeed(['up', '--no-verify'])).toContain('Nothing was changed.');
  });
});
