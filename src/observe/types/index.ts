/** The data that observation gives, as types only: nothing of Node.js is behind them, so that a browser's code may use them too. */
export type {
  Branch,
  Decision,
  Deviation,
  DeviationCode,
  End,
  ExplainedClient,
  ExplainedDestination,
  Explanation,
  ObjectReference,
  Place,
  Step,
  StepKind,
} from '../explain/types.ts';
export type * from './common.ts';
export type * from './config.ts';
export type * from './entities.ts';
export type * from './events.ts';
export type * from './graph.ts';
export type * from './health.ts';
export type * from './mesh.ts';
