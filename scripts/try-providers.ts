/**
 * minikube and kind for real, on a machine with Docker: a mesh of two clusters with Istio's control plane and proxies, up, verified, up again
 * without a change, and down. Argument: minikube or kind. Needs that tool, Docker, kubectl and istioctl in PATH, and 16 GiB of memory.
 * What it makes stays when it fails, to be looked at.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run, tryRun } from '../src/process/index.ts';

const provider = process.argv[2] ?? '';
if (!['minikube', 'kind'].includes(provider)) {
  console.error('say which: node scripts/try-providers.ts minikube|kind');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'isthmus-providers-'));
const names = ['isthmus-east', 'isthmus-west'];
writeFileSync(
  join(folder, 'mesh.yaml'),
  stringify({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: provider },
    spec: {
      clusters: names.map((name, index) => ({
        name,
        network: `network${index + 1}`,
        ...(index === 0 ? { role: 'primary' } : { role: 'remote', primary: names[0] }),
        provider: provider === 'minikube' ? { minikube: { driver: 'docker', memory: '6g' } } : provider,
      })),
    },
  }),
);
const env = { ...process.env, ISTHMUS_HOME: join(folder, 'home') };
const isthmus = async (...args: string[]): Promise<string> => {
  console.log(`\n$ isthmus ${args.join(' ')}`);
  const program = join(import.meta.dirname, '../isthmus');
  const result = await tryRun(program, args, { cwd: folder, env, timeoutMs: 45 * 60_000 });
  console.log(result.stdout + result.stderr);
  if (result.code !== 0) throw new Error(`isthmus ${args[0]} ended with ${result.code}; look at ${folder}`);
  return result.stdout;
};

await isthmus('up', '--yes');
if (!(await isthmus('up', '--yes')).includes('Nothing was changed.')) throw new Error('a second up changed something');
await isthmus('verify');
await isthmus('down', '--yes');
for (const name of names)
  await run(
    ...((provider === 'minikube'
      ? ['minikube', ['delete', '--profile', name]]
      : ['kind', ['delete', 'cluster', '--name', name]]) as [string, string[]]),
  );
console.log(`\n${provider}: up, unchanged by a second up, verified, and taken down`);
