import type { CommandSpec } from '../command.ts';
import { artifacts } from './artifacts.ts';
import { console } from './console.ts';
import { down } from './down.ts';
import { explain } from './explain.ts';
import { init } from './init.ts';
import { kubeconfig } from './kubeconfig.ts';
import { logs } from './logs.ts';
import { schema } from './schema.ts';
import { status } from './status.ts';
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
  kubeconfig,
  logs,
  init,
  schema,
  artifacts,
  version,
];
