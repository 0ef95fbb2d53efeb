import type { CommandSpec } from '../command.ts';
import { artifacts } from './artifacts.ts';
import { console } from './console.ts';
import { down } from './down.ts';
import { explain } from './explain.ts';
import { graph } from './graph.ts';
import { init } from './init.ts';
import { kubeconfig } from './kubeconfig.ts';
import { logs } from './logs.ts';
import { schema } from './schema.ts';
import { status } from './status.ts';
import { top } from './top.ts';
import { up } from './up.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

/** Every command, in the order of the help. */
export const commands: CommandSpec[] = [
  up,
  status,
  verify,
  explain,
  down,
  console,
  graph,
  top,
  kubeconfig,
  logs,
  init,
  schema,
  artifacts,
  version,
];
