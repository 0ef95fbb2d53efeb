/**
 * Runs Prometheus where its build has no Kubernetes service discovery, as Debian's has not: jobs that ask for pods are given the same
 * targets, with the same __meta_ labels, through files that this program keeps up to date from a watch. First argument: the real program.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, stringify } from 'yaml';
import { Informer, KubeClient, kinds, type Pod } from '../../../../kube/index.ts';

const [program = '', ...args] = process.argv.slice(2);
const folder = '/tmp/prometheus';
const configOption = '--config.file=';
let reloading: NodeJS.Timeout | undefined;

const at = args.findIndex((argument) => argument.startsWith(configOption));
const source = args[at]?.slice(configOption.length) ?? '';
mkdirSync(folder, { recursive: true });
if (writeConfig()) await discover();
args[at] = `${configOption}${folder}/prometheus.yml`;

const child = spawn(program, args, { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`prometheus cannot be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code) => process.exit(code ?? 1));

// A changed ConfigMap is another target of the link ..data beside the file.
watch(dirname(source), () => {
  clearTimeout(reloading);
  reloading = setTimeout(() => {
    try {
      writeConfig();
      child.kill('SIGHUP');
    } catch (error) {
      console.error(`the changed configuration is not taken: ${error instanceof Error ? error.message : error}`);
    }
  }, 100);
});

/** Writes the translated configuration; true when it asks for pods. */
function writeConfig(): boolean {
  const config = parse(readFileSync(source, 'utf8'));
  const discovers = translate(config);
  writeFileSync(`${folder}/prometheus.yml`, stringify(config));
  return discovers;
}

/** Replaces discovery of pods by a file; other roles are refused, since nothing would be found for them. */
function translate(settings: any): boolean {
  let found = false;
  for (const job of settings.scrape_configs ?? []) {
    for (const { role } of job.kubernetes_sd_configs ?? []) {
      if (role !== 'pod')
        throw new Error(`job ${job.job_name}: role ${role} of kubernetes_sd_configs is not supported here, only pod`);
      found = true;
    }
    if (!job.kubernetes_sd_configs) continue;
    delete job.kubernetes_sd_configs;
    job.file_sd_configs = [{ files: [`${folder}/pods.json`] }];
  }
  return found;
}

async function discover(): Promise<void> {
  const pods = new Informer<Pod>(KubeClient.inCluster(), kinds.Pod);
  let scheduled = false;
  const write = (): void => {
    scheduled = false;
    writeFileSync(`${folder}/pods.json.tmp`, JSON.stringify(pods.list().flatMap(targetsOf)));
    renameSync(`${folder}/pods.json.tmp`, `${folder}/pods.json`);
  };
  pods.on(() => {
    if (!scheduled) setTimeout(write, 50);
    scheduled = true;
  });
  pods.start();
  await pods.synced;
  write();
}

/** A target for each container port, or for the container where it names none, as the discovery of role pod makes them. */
function targetsOf(pod: Pod): { targets: string[]; labels: Record<string, string> }[] {
  const ip = pod['status']?.podIP;
  if (!ip) return [];
  const meta = (name: string) => `__meta_kubernetes_pod_${name}`;
  const clean = (key: string): string => key.replace(/[^a-zA-Z0-9_]/g, '_');
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller);
  const ready = (pod['status']?.conditions ?? []).find((one: any) => one.type === 'Ready')?.status ?? 'unknown';
  const common: Record<string, string> = {
    __meta_kubernetes_namespace: pod.metadata.namespace ?? '',
    [meta('name')]: pod.metadata.name ?? '',
    [meta('ip')]: ip,
    [meta('phase')]: pod['status']?.phase ?? '',
    [meta('ready')]: String(ready).toLowerCase(),
    [meta('node_name')]: pod.spec['nodeName'] ?? '',
    [meta('host_ip')]: pod['status']?.hostIP ?? '',
    [meta('uid')]: pod.metadata.uid ?? '',
    ...(owner ? { [meta('controller_kind')]: owner.kind, [meta('controller_name')]: owner.name } : {}),
  };
  for (const kind of ['label', 'annotation'] as const)
    for (const [key, value] of Object.entries(pod.metadata[`${kind}s`] ?? {})) {
      common[meta(`${kind}_${clean(key)}`)] = value;
      common[meta(`${kind}present_${clean(key)}`)] = 'true';
    }
  const containers = [...(pod.spec['containers'] ?? []), ...(pod.spec['initContainers'] ?? [])];
  return containers.flatMap((container: any) =>
    (container.ports?.length ? container.ports : [undefined]).map((port: any) => ({
      targets: [port ? `${ip}:${port.containerPort}` : ip],
      labels: {
        ...common,
        [meta('container_name')]: container.name,
        ...(port
          ? {
              [meta('container_port_name')]: port.name ?? '',
              [meta('container_port_number')]: String(port.containerPort),
              [meta('container_port_protocol')]: port.protocol ?? 'TCP',
            }
          : {}),
      },
    })),
  );
}
