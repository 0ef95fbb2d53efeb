/** The Gateway API as Istio's control plane and ours convert it: what they serve the same nodes is the same, but for what is explained. */
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
  both = await startSideBySide(readFileSync(join(import.meta.dirname, 'planted/gateway-api.yaml'), 'utf8'), mesh, true);
});

afterAll(async () => {
  await both?.[Symbol.asyncDispose]();
});

const nodes: Record<string, AdsNode> = {
  'a gateway': madeUpNode('router', '10.10.0.22', 'gateway.edge', { app: 'ingress' }),
  'a client beside the service': madeUpNode('sidecar', '10.10.0.11', 'web-v1.shop', { app: 'web' }),
  'a client of another namespace, which has a route of its own': madeUpNode('sidecar', '10.10.0.20', 'client.other', {
    app: 'client',
  }),
};

test.each(Object.entries(nodes))('%s is served the same', async (_name, one) => {
  const [istio, isthmus] = [await both.istio(one), both.isthmus(one)];
  const explained = explanations();
  const unexplained = flatDifferences(istio, isthmus).filter(({ path }) => !explained.some((each) => each.test(path)));
  expect(flat(istio).size).toBeGreaterThan(400);
  expect(unexplained).toEqual([]);
  // Istio's has read the routes: this field is in those of the Gateway API alone.
  expect([...flat(istio).keys()].some((path) => path.endsWith('/cluster_not_found_response_code'))).toBe(true);
});
