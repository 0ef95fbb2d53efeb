/** The catalogue of facts, in the order in which they are told. */
import type { Claim, VerifyContext } from '../fact.ts';
import { proxiesSynced, remotesSynced } from './control-plane.ts';
import { gateways } from './gateways.ts';
import { identity } from './identity.ts';
import { isolation } from './isolation.ts';
import { kiali } from './kiali.ts';
import { links } from './links.ts';
import { metrics } from './metrics.ts';
import { reach } from './reach.ts';
import { strict } from './strict.ts';
import { oneRoot } from './trust.ts';

export const facts: ((context: VerifyContext) => Claim[])[] = [
  oneRoot,
  remotesSynced,
  proxiesSynced,
  gateways,
  reach,
  identity,
  strict,
  isolation,
  links,
  metrics,
  kiali,
];
