/** What the embedded engine needs of the kernel, tried before it is used, so that a refusal is told with its cause and cure. */
import { readFile } from 'node:fs/promises';
import { IsthmusError } from '../errors/index.ts';
import { type RunResult, tryRun } from '../process/index.ts';

export interface KernelSettings {
  platform: string;
  root: boolean;
  container: boolean;
  /** /proc/sys; undefined where the kernel has no such setting. */
  unprivilegedClone: string | undefined;
  maxUserNamespaces: string | undefined;
  apparmorRestricts: string | undefined;
}

export interface PrerequisiteOptions {
  unshare: string;
  ip: string;
  nft: { path: string; libraryPath?: string | undefined };
  signal?: AbortSignal;
}

const steps = ['namespaces', 'bridge', 'veth', 'nft', 'done'] as const;
type Step = (typeof steps)[number];

/**
 * Makes namespaces, a bridge, a veth pair and an nft rule, all of which end with the process.
 * @throws IsthmusError `providers.*` saying which of them the machine refuses and what to do.
 */
export async function checkPrerequisites(options: PrerequisiteOptions): Promise<void> {
  if (process.platform !== 'linux') throw refusal('namespaces', '', await readSettings());
  const namespaces = [
    '--user',
    '--map-root-user',
    '--mount',
    '--net',
    '--pid',
    '--uts',
    '--ipc',
    '--fork',
    '--mount-proc',
  ];
  const rule = 'table ip try { chain c { type nat hook output priority -100; meta l4proto tcp redirect to :1; }; }';
  // Paths are arguments and no part of the script, so that no character in them can be taken for shell.
  const script = [
    'echo bridge; "$0" link add br-try type bridge || exit 1',
    'echo veth; "$0" link add v-try type veth peer name w-try || exit 1',
    'echo nft; LD_LIBRARY_PATH="$2" "$1" "$3" || exit 1',
    'echo done',
  ].join('\n');
  const arguments_ = ['/bin/sh', '-c', script, options.ip, options.nft.path, options.nft.libraryPath ?? '', rule];
  const answer = await tryRun(options.unshare, [...namespaces, ...arguments_], {
    timeoutMs: 20_000,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const reached = reachedStep(answer);
  if (reached !== 'done') throw refusal(reached, answer.stderr.trim(), await readSettings());
}

function reachedStep(answer: RunResult): Step {
  const told = answer.stdout.trim().split('\n').at(-1) as Step;
  return steps.includes(told) ? told : 'namespaces';
}

async function readSettings(): Promise<KernelSettings> {
  const setting = (name: string) =>
    readFile(`/proc/sys/${name}`, 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  const [unprivilegedClone, maxUserNamespaces, apparmorRestricts, init] = await Promise.all([
    setting('kernel/unprivileged_userns_clone'),
    setting('user/max_user_namespaces'),
    setting('kernel/apparmor_restrict_unprivileged_userns'),
    readFile('/proc/1/environ', 'utf8').catch(() => ''),
  ]);
  const marks = await Promise.all(
    ['/.dockerenv', '/run/.containerenv'].map((path) =>
      readFile(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    container: marks.includes(true) || init.includes('container='),
    unprivilegedClone,
    maxUserNamespaces,
    apparmorRestricts,
  };
}

/** From the step that failed and the kernel's settings to what to do; pure, for tests. */
export function refusal(step: Step, message: string, settings: KernelSettings): IsthmusError {
  if (settings.platform !== 'linux')
    return new IsthmusError({
      code: 'providers.platform',
      what: 'embedded clusters need Linux',
      why: `this is ${settings.platform}`,
      fix: 'run Isthmus in a Linux machine, or name existing clusters in mesh.yaml (provider: {existing: {context: ...}})',
    });
  if (step === 'namespaces')
    return new IsthmusError({
      code: 'providers.user-namespaces',
      what: 'this machine does not let Isthmus make user namespaces, in which embedded clusters run',
      ...(message ? { why: message } : {}),
      fix: namespaceFix(settings),
    });
  const [what, fix] = {
    bridge: ['a network bridge cannot be made', 'load the kernel module: sudo modprobe bridge'],
    veth: ['virtual network cables cannot be made', 'load the kernel module: sudo modprobe veth'],
    nft: [
      'rules for service addresses cannot be set by nft',
      'load the kernel modules: sudo modprobe -a nf_tables nft_redir nft_chain_nat',
    ],
    done: ['nothing is refused', ''],
  }[step] as [string, string];
  return new IsthmusError({ code: `providers.${step}`, what, ...(message ? { why: message } : {}), fix });
}

function namespaceFix(settings: KernelSettings): string {
  const fixes: string[] = [];
  if (settings.unprivilegedClone === '0' && !settings.root)
    fixes.push('allow them: sudo sysctl -w kernel.unprivileged_userns_clone=1');
  if (settings.maxUserNamespaces === '0') fixes.push('allow some: sudo sysctl -w user.max_user_namespaces=15000');
  if (settings.apparmorRestricts === '1' && !settings.root)
    fixes.push(
      'lift the restriction of AppArmor: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or give unshare a profile that allows userns)',
    );
  if (settings.container)
    fixes.push(
      'start this container with --privileged, or with --security-opt seccomp=unconfined and --security-opt apparmor=unconfined',
    );
  if (fixes.length === 0) fixes.push('see why with: unshare --user --map-root-user --net true');
  return fixes.join('\n');
}
