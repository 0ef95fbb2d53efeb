/** The catalogue of facts, in the order in which they are told. */
import type { Claim, VerifyContext } from '../fact.ts';
import { proxiesSynced, remotesSynced } from './control-plane.ts';
import { identity } from './identity.ts';
import { isolation } from './isolation.ts';
import { metrics, pairsBefore } from './metrics.ts';
import { links, reach } from './reach.ts';
import { strict } from './strict.ts';
import { oneRoot } from './trust.ts';

export const facts: ((context: VerifyContext) => Claim[])[] = [
  oneRoot,
  remotesSynced,
  proxiesSynced,
  reach,
  identity,
  strict,
  isolation,
  links,
  metrics,
];

export { pairsBefore };
