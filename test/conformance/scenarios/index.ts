import type { Scenario } from '../exchange.ts';
import { access } from './access.ts';
import { definitionsAndResources } from './definitions.ts';
import { pods, services, workloads } from './kinds.ts';
import { lists } from './lists.ts';
import { objects } from './objects.ts';
import { patches } from './patches.ts';

/** In this order on one server: a later one finds what an earlier one has left. */
export const scenarios: Scenario[] = [
  objects,
  lists,
  patches,
  pods,
  services,
  workloads,
  access,
  definitionsAndResources,
];
