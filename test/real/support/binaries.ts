/**
 * The programs of the real engine: etcd, kube-apiserver, kube-controller-manager, pilot-discovery (istiod) and istioctl, built by the Go
 * toolchain from the module proxy, from the small modules in test/real/binaries. Each is kept in the cache folder under a hash of all that
 * it is made from. They are built one at a time: the linker alone takes half of a small machine.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { artifactCache } from '../../../src/artifacts/index.ts';
import { IsthmusError } from '../../../src/errors/index.ts';
import { tryRun } from '../../../src/process/index.ts';

const modules = join(import.meta.dirname, '../binaries');

interface Program {
  name: BinaryName;
  /** Folder below test/real/binaries that holds go.mod. */
  module: string;
  package: string;
  /** Go variables that hold the version. */
  stamp: Record<string, string>;
}

export const binaryNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'pilot-discovery',
  'istioctl',
] as const;
export type BinaryName = (typeof binaryNames)[number];
export type Binaries = Record<BinaryName, string>;

const longestBuildMs = 25 * 60_000;
const downloadFailed = /dial tcp|i\/o timeout|connection reset|handshake|unexpected EOF|: 5\d\d |: 429 |no such host/;

/**
 * Gives the path of each program, building those that the cache does not hold.
 * @throws IsthmusError `real.no-go` without a Go toolchain, `real.build` with the compiler's last lines.
 */
export async function ensureBinaries(names: readonly BinaryName[], say: (line: string) => void): Promise<Binaries> {
  const folder = join(artifactCache(process.env), 'real');
  await mkdir(folder, { recursive: true });
  const found: Partial<Binaries> = {};
  for (const program of catalogue().filter(({ name }) => names.includes(name))) {
    const path = pathOf(folder, program);
    if (!existsSync(path)) await build(program, path, say);
    found[program.name] = path;
  }
  return found as Binaries;
}

/** A program keeps its own name, since some call themselves by it. */
const pathOf = (folder: string, program: Program): string => join(folder, fingerprint(program), program.name);

const versionOf = (module: string, dependency: string): string => {
  const text = readFileSync(join(modules, module, 'go.mod'), 'utf8');
  return new RegExp(`^(?:require )?\\s*${RegExp.escape(dependency)} (v\\S+)`, 'm').exec(text)?.[1] ?? 'unknown';
};

function catalogue(): Program[] {
  const kubernetes = versionOf('kube', 'k8s.io/kubernetes');
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(kubernetes) ?? [];
  const kube = (variable: string) => `k8s.io/component-base/version.${variable}`;
  const kubeStamp = {
    [kube('gitVersion')]: kubernetes,
    [kube('gitMajor')]: major,
    [kube('gitMinor')]: minor,
    [kube('gitTreeState')]: 'clean',
  };
  const istio = (variable: string) => `istio.io/istio/pkg/version.${variable}`;
  const istioStamp = { [istio('buildVersion')]: '1.31-dev', [istio('buildStatus')]: 'Clean' };
  return [
    { name: 'etcd', module: 'etcd', package: '.', stamp: {} },
    { name: 'kube-apiserver', module: 'kube', package: './apiserver', stamp: kubeStamp },
    { name: 'kube-controller-manager', module: 'kube', package: './controller-manager', stamp: kubeStamp },
    { name: 'pilot-discovery', module: 'istio', package: './pilot-discovery', stamp: istioStamp },
    { name: 'istioctl', module: 'istio', package: './istioctl', stamp: istioStamp },
  ];
}

function fingerprint(program: Program): string {
  const hash = createHash('sha256').update(JSON.stringify(program)).update(process.arch);
  const folder = join(modules, program.module);
  for (const name of ['go.mod', 'go.sum']) hash.update(readFileSync(join(folder, name)));
  const sources = join(folder, program.package);
  for (const name of readdirSync(sources).filter((one) => one.endsWith('.go')))
    hash.update(readFileSync(join(sources, name)));
  return hash.digest('hex').slice(0, 12);
}

async function build(program: Program, path: string, say: (line: string) => void): Promise<void> {
  const go = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go'].find((one) => existsSync(one)) ?? 'go';
  const probe = await tryRun(go, ['version']).catch((error) => ({ code: 1, stdout: '', stderr: String(error) }));
  if (probe.code !== 0)
    throw new IsthmusError({
      code: 'real.no-go',
      what: `${program.name} cannot be built: there is no Go toolchain`,
      why: probe.stderr.trim(),
      fix: 'install Go 1.26 or newer',
    });
  await mkdir(dirname(path), { recursive: true });
  say(`building ${program.name} (some minutes, once)`);
  const fresh = `${path}.${process.pid}.tmp`;
  const begun = performance.now();
  const flags = ['-s -w', ...Object.entries(program.stamp).map(([variable, value]) => `-X ${variable}=${value}`)].join(
    ' ',
  );
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', flags, '-o', fresh, program.package];
  const settings = {
    cwd: join(modules, program.module),
    env: { ...process.env, GOFLAGS: '' },
    timeoutMs: longestBuildMs,
  };
  let answer = await tryRun(go, args, settings);
  // A build downloads a thousand modules: one that did not come does not end it. What is built and loaded so far is kept.
  for (let retry = 0; retry < 3 && answer.code !== 0 && downloadFailed.test(answer.stderr); retry++) {
    say(`a module did not come, once more: ${answer.stderr.trim().split('\n').at(-1)}`);
    answer = await tryRun(go, args, settings);
  }
  if (answer.code !== 0) {
    await rm(fresh, { force: true });
    throw new IsthmusError({
      code: 'real.build',
      what: `${program.name} cannot be built`,
      where: join(modules, program.module),
      why: answer.code === 124 ? 'it took too long' : answer.stderr.trim().split('\n').slice(-10).join('\n'),
      fix: 'see to it that the Go module proxy can be reached',
    });
  }
  await rename(fresh, path);
  say(`${program.name} built in ${Math.round((performance.now() - begun) / 1000)} s`);
}
