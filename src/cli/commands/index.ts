import type { CommandSpec } from '../command.ts';
import { artifacts } from './artifacts.ts';
import { ca } from './ca.ts';
import { cluster } from './cluster.ts';
import { console } from './console.ts';
import { doctor } from './doctor.ts';
import { down } from './down.ts';
import { explain } from './explain.ts';
import { graph } from './graph.ts';
import { init } from './init.ts';
import { kubeconfig } from './kubeconfig.ts';
import { logs } from './logs.ts';
import { plan } from './plan.ts';
import { schema } from './schema.ts';
import { secret } from './secret.ts';
import { status } from './status.ts';
import { top } from './top.ts';
import { up } from './up.ts';
import { upgrade } from './upgrade.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

/** Every command, in the order of the help. */
export const commands: CommandSpec[] = [
  up,
  plan,
  status,
  verify,
  ca,
  secret,
  cluster,
  upgrade,
  explain,
  doctor,
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
