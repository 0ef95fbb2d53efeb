/** Istio's control plane and ours on the same planted configuration: what they serve the same nodes is the same, but for what is explained. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdsNode } from './support/ads-client.ts';
import { explanations } from './support/explanations.ts';
import { flat, flatDifferences } from './support/flat.ts';
import { madeUpNode } from './support/nodes.ts';
import { type SideBySide, startSideBySide } from './support/side-by-side.ts';

let both: SideBySide;

const mesh = `
trustDomain: cluster.local
rootNamespace: istio-system
defaultConfig: {discoveryAddress: istiod.istio-system.svc:15012}
`;

beforeAll(async () => {
  both = await startSideBySide(readFileSync(join(import.meta.dirname, 'planted/networking.yaml'), 'utf8'), mesh);
});

afterAll(async () => {
  await both?.[Symbol.asyncDispose]();
});

const nodes: Record<string, AdsNode> = {
  'a client without a Sidecar': madeUpNode('sidecar', '10.10.0.20', 'client.shop', { app: 'client' }),
  'a server': madeUpNode('sidecar', '10.10.0.11', 'web-v1.shop', { app: 'web', version: 'v1' }),
  'a server that a ServiceEntry selects': madeUpNode('sidecar', '10.10.0.30', 'back.shop', {
    app: 'back',
    tier: 'back',
  }),
  "a client with its namespace's Sidecar": madeUpNode('sidecar', '10.10.0.21', 'recluse.walled', { app: 'recluse' }),
  'a server whose Sidecar states its ports': madeUpNode('sidecar', '10.10.0.23', 'listener.walled', {
    app: 'listener',
  }),
  'an ingress gateway': madeUpNode('router', '10.10.0.22', 'gateway.edge', { istio: 'ingress', app: 'ingress' }),
};

test.each(Object.entries(nodes))('%s is served the same', async (_name, one) => {
  const [istio, isthmus] = [await both.istio(one), both.isthmus(one)];
  const explained = explanations();
  const unexplained = flatDifferences(istio, isthmus).filter(({ path }) => !explained.some((each) => each.test(path)));
  expect(flat(istio).size).toBeGreaterThan(600);
  expect(unexplained).toEqual([]);
});
