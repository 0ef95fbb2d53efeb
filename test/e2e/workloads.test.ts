/** Workloads of every kind on a running cluster, by kubectl, as people use them beside a mesh. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const namespace = 'workloads';
const run = (args: string[], input?: string) => kubectl(home, 'west', ['-n', namespace, ...args], input);

/** What kubectl says, when it succeeds. */
async function ok(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
const apply = (...objects: object[]) =>
  ok(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
const untilDone = (...args: string[]) => ok([...args, '--timeout=60s']);
const value = (kind: string, name: string, path: string) => ok(['get', kind, name, '-o', `jsonpath={${path}}`]);

const container = (script: string, more: object = {}) => ({
  name: 'main',
  image: 'busybox',
  command: ['sh', '-c', script],
  ...more,
});
const template = (app: string, containers: object[], more: object = {}) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 1, containers, ...more },
});
const workload = (kind: string, name: string, spec: object) => ({
  apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name },
  spec,
});
const job = (name: string, script: string, spec: object = {}, more: object = {}) =>
  workload('Job', name, {
    ...spec,
    template: { spec: { restartPolicy: 'Never', containers: [container(script)], ...more } },
  });

beforeAll(async () => {
  await kubectl(home, 'west', ['create', 'namespace', namespace]);
});
afterAll(async () => {
  await kubectl(home, 'west', ['delete', 'namespace', namespace, '--ignore-not-found']);
});

describe('a StatefulSet', () => {
  const folders = (): string[] => {
    const folder = join(home, 'clusters/west/volumes');
    return existsSync(folder) ? readdirSync(folder) : [];
  };
  const starts = async (pod: string) => (await ok(['exec', pod, '--', 'cat', '/data/starts'])).trim().split('\n');

  it('gives its pods names, host names and claims that outlive them', async () => {
    const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
    const script = 'echo "$HOSTNAME" >> /data/starts; exec sleep 100000';
    await apply(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'db' },
        spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 80 }] },
      },
      workload('StatefulSet', 'db', {
        serviceName: 'db',
        replicas: 2,
        selector: { matchLabels: { app: 'db' } },
        template: template('db', [container(script, mount)]),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      }),
    );
    await untilDone('rollout', 'status', 'statefulset/db');
    expect(await ok(['get', 'pods', '-l', 'app=db', '-o', 'name'])).toBe('pod/db-0\npod/db-1\n');
    expect(await ok(['exec', 'db-1', '--', 'hostname', '-f'])).toBe(`db-1.db.${namespace}.svc.cluster.local\n`);
    const address = await value('pod', 'db-0', '.status.podIP');
    await eventually('db-0.db resolves in db-1', async () => {
      const { stdout, stderr } = await run(['exec', 'db-1', '--', 'getent', 'hosts', 'db-0.db']);
      return stdout.startsWith(`${address} `) ? { value: true } : { seen: stdout + stderr };
    });
    expect(await ok(['get', 'pvc'])).toMatch(/data-db-0 +Bound +pvc-\S+ +1Gi +RWO +standard/);
  });

  it('rolls from the end, stops at its partition, and rolls back', async () => {
    const partition = (at: number) => ({ spec: { updateStrategy: { rollingUpdate: { partition: at } } } });
    const images = () => ok(['get', 'pods', '-l', 'app=db', '-o', 'jsonpath={.items[*].spec.containers[0].image}']);
    await ok(['patch', 'statefulset', 'db', '-p', JSON.stringify(partition(1))]);
    await ok(['set', 'image', 'statefulset/db', 'main=alpine']);
    await untilDone('rollout', 'status', 'statefulset/db');
    expect(await images()).toBe('busybox alpine');
    await ok(['patch', 'statefulset', 'db', '-p', JSON.stringify(partition(0))]);
    await untilDone('rollout', 'status', 'statefulset/db');
    expect(await images()).toBe('alpine alpine');
    await ok(['rollout', 'undo', 'statefulset/db']);
    await untilDone('rollout', 'status', 'statefulset/db');
    expect(await images()).toBe('busybox busybox');
    expect(await ok(['rollout', 'history', 'statefulset/db'])).toMatch(/2 +<none>\n3 +<none>/);
    expect(await starts('db-1')).toEqual(['db-1', 'db-1', 'db-1']);
  });

  it('leaves no folder when its claims are deleted', async () => {
    expect(folders()).toHaveLength(2);
    await ok(['scale', 'statefulset', 'db', '--replicas=0']);
    await untilDone('wait', '--for=delete', 'pod/db-0');
    await ok(['delete', 'pvc', 'data-db-0', 'data-db-1']);
    await eventually('the folders are gone', async () =>
      folders().length === 0 ? { value: true } : { seen: folders().join(' ') },
    );
  });
});

it('a DaemonSet has one pod on the node, and replaces it', async () => {
  await apply(
    workload('DaemonSet', 'agent', {
      selector: { matchLabels: { app: 'agent' } },
      template: template('agent', [container('exec sleep 100000')]),
    }),
  );
  await untilDone('rollout', 'status', 'daemonset/agent');
  const before = await ok(['get', 'pods', '-l', 'app=agent', '-o', 'name']);
  await ok(['rollout', 'restart', 'daemonset/agent']);
  await untilDone('rollout', 'status', 'daemonset/agent');
  const columns = (await ok(['get', 'daemonset', 'agent', '--no-headers'])).split(/ +/);
  expect(columns.slice(1, 6)).toEqual(['1', '1', '1', '1', '1']);
  expect(await ok(['get', 'pods', '-l', 'app=agent', '-o', 'name'])).not.toContain(before.trim());
});

describe('a Job', () => {
  it('does each index once', async () => {
    await apply(
      job('shards', 'echo $JOB_COMPLETION_INDEX', { completions: 3, parallelism: 2, completionMode: 'Indexed' }),
    );
    await untilDone('wait', '--for=condition=complete', 'job/shards');
    expect((await ok(['logs', '-l', 'job-name=shards'])).trim().split('\n').sort()).toEqual(['0', '1', '2']);
    expect(await value('job', 'shards', '.status.completedIndexes')).toBe('0-2');
  });
  it('is done although a sidecar would run for ever', async () => {
    const sidecar = container('trap "exit 0" TERM; while :; do sleep 0.1; done', {
      name: 'side',
      restartPolicy: 'Always',
    });
    await apply(job('meshed', 'echo worked', {}, { initContainers: [sidecar] }));
    await untilDone('wait', '--for=condition=complete', 'job/meshed');
    expect(await ok(['logs', 'job/meshed', '-c', 'main'])).toBe('worked\n');
  });
  it('fails at its limit, says why, and goes when its time is over', async () => {
    await apply(job('broken', 'exit 7', { backoffLimit: 0, ttlSecondsAfterFinished: 3 }));
    await untilDone('wait', '--for=condition=failed', 'job/broken');
    expect(await value('job', 'broken', '.status.conditions[?(@.type=="Failed")].reason')).toBe('BackoffLimitExceeded');
    await untilDone('wait', '--for=delete', 'job/broken');
  });
  it('is made by a CronJob, and by hand from it', async () => {
    const { spec } = job('unused', 'date') as any;
    await apply(workload('CronJob', 'tick', { schedule: '*/5 * * * *', jobTemplate: { spec } }));
    await ok(['create', 'job', 'now', '--from=cronjob/tick']);
    await untilDone('wait', '--for=condition=complete', 'job/now');
    expect(await ok(['get', 'cronjobs'])).toMatch(/tick +\*\/5 \* \* \* \* +<none> +False/);
  });
});

describe('a pod', () => {
  it('is run, spoken to and removed by one command', async () => {
    const args = ['run', 'once', '-i', '--rm', '--quiet', '--restart=Never', '--image=busybox', '--', 'sh'];
    expect(await run(args, 'echo from $(hostname); exit 3\n')).toMatchObject({ code: 3, stdout: 'from once\n' });
    expect((await run(['get', 'pod', 'once'])).stderr).toContain('NotFound');
  });

  it('starts its containers one after the other, with hooks, and keeps what they say at their end', async () => {
    const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
    const hook = { postStart: { exec: { command: ['sh', '-c', 'sleep 1; echo ready > /shared/first'] } } };
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'hooked' },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'shared', emptyDir: {} }],
        containers: [
          container('exec sleep 100000', { name: 'first', lifecycle: hook, ...mount }),
          container('cat /shared/first; echo "what I leave" > /dev/termination-log; exit 4', {
            name: 'second',
            ...mount,
          }),
        ],
      },
    });
    const ended = '.status.containerStatuses[?(@.name=="second")].state.terminated';
    await untilDone('wait', `--for=jsonpath={${ended}.exitCode}=4`, 'pod/hooked');
    expect(await value('pod', 'hooked', `${ended}.message`)).toBe('what I leave\n');
    expect(await ok(['logs', 'hooked', '-c', 'second'])).toBe('ready\n');
  });

  it('is looked into by a container beside it, which sees its processes', async () => {
    const args = ['debug', 'hooked', '-i', '--quiet', '--profile=general', '--image=busybox', '--target=first', '--'];
    // kubectl shows the log of a container that has ended before it could attach: that ends with a new line.
    const seen = await ok([...args, 'sh', '-c', 'cat /proc/1/cmdline | tr "\\0" " "']);
    expect(seen.trimEnd()).toBe('sleep 100000');
    await ok(['delete', 'pod', 'hooked', '--wait=false']);
  });

  it('on the network of its node has the name and address of the node', async () => {
    const script = 'hostname; exec sleep 100000';
    await apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'near' },
      spec: { hostNetwork: true, terminationGracePeriodSeconds: 1, containers: [container(script)] },
    });
    await untilDone('wait', '--for=condition=ready', 'pod/near');
    expect(await ok(['logs', 'near'])).toBe('west\n');
    const address = await value('node', 'west', '.status.addresses[0].address');
    expect(await value('pod', 'near', '.status.podIP')).toBe(address);
  });

  it('is evicted only as far as its budget allows', async () => {
    await apply({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'near' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'agent' } } },
    });
    const pod = (await ok(['get', 'pods', '-l', 'app=agent', '-o', 'jsonpath={.items[0].metadata.name}'])).trim();
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } };
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
    const evict = () => run(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
    await untilDone('wait', '--for=jsonpath={.status.currentHealthy}=1', 'pdb/near');
    expect((await evict()).stderr).toContain("would violate the pod's disruption budget");
    await ok(['delete', 'pdb', 'near']);
    expect((await evict()).code).toBe(0);
  });

  it('is measured', async () => {
    await eventually('kubectl top shows the pod', async () => {
      const { stdout, stderr } = await run(['top', 'pod', 'near', '--no-headers']);
      return /^near +\d+m +\d+Mi/.test(stdout) ? { value: true } : { seen: stdout + stderr };
    });
  });
});

describe('rules in CEL', () => {
  it('of a custom resource are kept', async () => {
    const rule = { rule: 'self.min <= self.max', message: 'min must not exceed max' };
    const integer = { type: 'integer' };
    const schema = { type: 'object', 'x-kubernetes-validations': [rule], properties: { min: integer, max: integer } };
    await apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ranges.workloads.test' },
      spec: {
        group: 'workloads.test',
        scope: 'Namespaced',
        names: { plural: 'ranges', kind: 'Range' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: schema } } },
          },
        ],
      },
    });
    await untilDone('wait', '--for=condition=established', 'crd/ranges.workloads.test');
    const range = (min: number) =>
      JSON.stringify({
        apiVersion: 'workloads.test/v1',
        kind: 'Range',
        metadata: { name: 'r' },
        spec: { min, max: 5 },
      });
    try {
      expect((await run(['create', '-f', '-'], range(9))).stderr).toContain('min must not exceed max');
      expect((await run(['create', '-f', '-'], range(1))).code).toBe(0);
    } finally {
      await ok(['delete', 'crd', 'ranges.workloads.test']);
    }
  });

  it('of an admission policy are kept where it is bound', async () => {
    const group = 'admissionregistration.k8s.io/v1';
    const rules = [
      { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
    ];
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    await apply(
      {
        apiVersion: group,
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name: 'workloads-few' },
        spec: {
          matchConstraints: { resourceRules: rules },
          validations: [
            { expression: 'object.spec.replicas <= 5', messageExpression: "'not ' + string(object.spec.replicas)" },
          ],
        },
      },
      {
        apiVersion: group,
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: 'workloads-few' },
        spec: {
          policyName: 'workloads-few',
          validationActions: ['Deny'],
          matchResources: { namespaceSelector: selector },
        },
      },
    );
    try {
      const { stderr } = await run(['create', 'deployment', 'many', '--image=busybox', '--replicas=6']);
      expect(stderr).toContain(
        "ValidatingAdmissionPolicy 'workloads-few' with binding 'workloads-few' denied request: not 6",
      );
    } finally {
      await ok(['delete', 'validatingadmissionpolicies,validatingadmissionpolicybindings', 'workloads-few']);
    }
  });
});
