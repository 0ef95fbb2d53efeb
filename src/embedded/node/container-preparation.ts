/** What a container is started with: its environment, its command line, and what is mounted where. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { agentMountPath, type ProxyAgent } from './agent/types.ts';
import { defaultPath } from './container-process.ts';
import { applicationCapabilities, containerScript, type RootOptions } from './container-script.ts';
import { environmentOf, expand } from './environment.ts';
import type { ImageProgram } from './images/index.ts';
import { hostnameOf, type PodContext } from './pod-context.ts';
import { withTerminal } from './streaming/terminal.ts';
import { prepareMessage } from './termination-message.ts';

export interface Prepared {
  script: string;
  env: Record<string, string>;
  /** Of a proxy. */
  agent: ProxyAgent | undefined;
}

/**
 * @param paths of the folder on which the root is built, and of the file that takes the termination message
 * @throws MissingReference for a ConfigMap, Secret or key that is not there; Error for a volume that is not set up
 */
export async function prepareContainer(
  context: PodContext,
  spec: any,
  program: ImageProgram,
  paths: { root: string; message: string },
): Promise<Prepared> {
  const { folder } = context;
  const pod = context.pod();
  const env = environmentOf(spec, context.environmentSources(), program.env ?? {});
  const words = (list: string[] | undefined) => list?.map((word) => expand(word, env));
  const args = words(spec.args) ?? (spec.command ? [] : (program.defaultArgs ?? []));
  const mounts = mountsOf(context, spec, program, env);
  let argv = [...(words(spec.command) ?? program.entrypoint), ...args];
  let agent: ProxyAgent | undefined;
  if (program.isProxy && !spec.command) {
    if (args[0] === 'istio-iptables') argv = context.interceptionArgv(args, mounts);
    else {
      const agentFolder = join(folder, 'a');
      mkdirSync(agentFolder, { recursive: true });
      mounts.push({ from: agentFolder, to: agentMountPath, readOnly: false });
      agent = await context.prepareProxy({ pod, container: spec, env, args, folder: agentFolder });
      argv = agent.argv;
      // pilot-agent is there, for those who ask a proxy in its container.
      env['PATH'] = `${agentMountPath}:${env['PATH'] ?? defaultPath}`;
    }
  }
  if (spec.tty) {
    argv = withTerminal(argv);
    env['TERM'] ??= 'xterm';
  }
  prepareMessage(paths.message);
  if (spec.terminationMessagePath)
    mounts.push({ from: paths.message, to: spec.terminationMessagePath, readOnly: false });
  mkdirSync(paths.root, { recursive: true });
  const script = containerScript({
    root: paths.root,
    hostname: hostnameOf(pod),
    hosts: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    mounts,
    workingDir: spec.workingDir ?? program.workingDir ?? '/',
    capabilities: capabilitiesOf(spec, program),
    argv,
  });
  return { script, env, agent };
}

function mountsOf(
  context: PodContext,
  spec: any,
  program: ImageProgram,
  env: Record<string, string>,
): RootOptions['mounts'] {
  const mounts = (program.mounts ?? []).map((path) => ({ from: path, to: path, readOnly: true }));
  for (const mount of spec.volumeMounts ?? []) {
    const base = context.volumePath(mount.name);
    if (!base) throw new Error(`volume "${mount.name}" is not set up`);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, env) : mount.subPath;
    mounts.push({ from: subPath ? join(base, subPath) : base, to: mount.mountPath, readOnly: mount.readOnly === true });
    if (subPath && context.isWritableVolume(mount.name)) mkdirSync(join(base, subPath), { recursive: true });
  }
  return mounts;
}

function capabilitiesOf(spec: any, program: ImageProgram): string[] {
  // The proxy marks its own connections, by which interception lets them pass; nothing else may do that.
  if (program.isProxy) return [...applicationCapabilities, 'net_admin', 'net_raw'];
  const added: string[] = spec.securityContext?.capabilities?.add ?? [];
  const wanted = added.map((name) => name.toLowerCase());
  return [
    ...applicationCapabilities,
    ...wanted.filter((name) => !['all', 'net_admin', 'net_raw', 'sys_admin'].includes(name)),
  ];
}
