import { describe, expect, inject, it } from 'vitest';
import { notPassing, verifyFacts } from '../support/facts.ts';
import { isthmus, kubectl } from '../support/isthmus.ts';

const home = inject('home');
const clusters = ['east', 'west'];

describe('a mesh that is up', () => {
  it('was verified by up itself', () => {
    expect(inject('upOutput')).toMatch(/stands and is verified/);
  });

  it('passes every fact', async () => {
    const { code, facts } = await verifyFacts(home);
    expect(notPassing(facts)).toEqual([]);
    expect(code).toBe(0);
    for (const id of [
      'one-root',
      'remote-synced/west',
      'reach/east',
      'reach/west',
      'identity/east',
      'strict/west',
      'isolation/east-west',
      'link/west-east',
      'metrics/west-east',
    ])
      expect(facts.get(id)?.status, id).toBe('pass');
  });

  it('is not changed by a second up', async () => {
    const { code, stdout } = await isthmus(['up', '--no-verify', '-o', 'json'], { home });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).changed).toBe(false);
  });

  it('takes less than 1 GiB of memory', () => {
    expect(inject('memoryTotal')).toBeGreaterThan(100 * 2 ** 20);
    expect(inject('memoryTotal')).toBeLessThan(2 ** 30);
  });

  it('shows the server who calls, across clusters, by its SPIFFE ID', async () => {
    const { stdout } = await kubectl(home, 'east', [
      '-n',
      'sample',
      'exec',
      'deploy/curl',
      '-c',
      'curl',
      '--',
      'curl',
      '-s',
      'http://helloworld.sample:5000/headers?[1-20]',
    ]);
    const seen = stdout.match(/URI=[^"\\,;]+/g) ?? [];
    expect(seen).toHaveLength(20);
    expect(new Set(seen)).toEqual(new Set(['URI=spiffe://cluster.local/ns/sample/sa/curl']));
  });

  it('keeps the header by which proxies exchange labels from the application', async () => {
    const { stdout } = await kubectl(home, 'west', [
      '-n',
      'sample',
      'exec',
      'deploy/curl',
      '-c',
      'curl',
      '--',
      'curl',
      '-s',
      'http://helloworld.sample:5000/headers?[1-10]',
    ]);
    expect(stdout).toContain('x-request-id');
    expect(stdout).not.toContain('x-isthmus-peer');
  });
});

describe.each(clusters)('kubectl on %s', (cluster) => {
  const run = async (...args: string[]) => {
    const result = await kubectl(home, cluster, args);
    expect(result.code, result.stderr).toBe(0);
    return result.stdout;
  };

  it('sees a ready node named like the cluster', async () => {
    expect(await run('get', 'nodes')).toMatch(new RegExp(`^${cluster}\\s+Ready`, 'm'));
  });

  it('gives pods a way out whose hardware address stays when other pods come and go', async () => {
    const table = await run('-n', 'sample', 'exec', 'deploy/curl', '-c', 'curl', '--', 'cat', '/proc/net/arp');
    const [, octet] = /^10\.(\d+)\.0\.1 /m.exec(table) ?? [];
    const expected = `0a:58:0a:${Number(octet).toString(16).padStart(2, '0')}:00:01`;
    expect(table).toContain(expected);
  });

  it('applies, scales, rolls over, describes and deletes a Deployment', async () => {
    const name = 'e2e-web';
    const manifest = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: 'default' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [
              {
                name: 'main',
                image: 'busybox',
                command: ['sh', '-c', 'echo started; exec sleep 1000'],
                env: [{ name: 'VERSION', value: '1' }],
              },
            ],
          },
        },
      },
    });
    const apply = await kubectl(home, cluster, ['apply', '-f', '-'], manifest);
    expect(apply.code, apply.stderr).toBe(0);
    await run('rollout', 'status', `deploy/${name}`, '--timeout=30s');
    await run('scale', `deploy/${name}`, '--replicas=2');
    await run('wait', '--for=jsonpath={.status.readyReplicas}=2', `deploy/${name}`, '--timeout=30s');
    await run('set', 'env', `deploy/${name}`, 'VERSION=2');
    await run('rollout', 'status', `deploy/${name}`, '--timeout=30s');
    // Without a probe a pod is ready before its program has written anything.
    await expect.poll(() => run('logs', `deploy/${name}`)).toContain('started');
    expect(await run('exec', `deploy/${name}`, '--', 'sh', '-c', 'echo $VERSION')).toBe('2\n');
    expect(await run('describe', `deploy/${name}`)).toContain('ScalingReplicaSet');
    await run('rollout', 'undo', `deploy/${name}`);
    await run('rollout', 'status', `deploy/${name}`, '--timeout=30s');
    expect(await run('exec', `deploy/${name}`, '--', 'sh', '-c', 'echo $VERSION')).toBe('1\n');
    await run('delete', `deploy/${name}`, '--cascade=foreground', '--timeout=30s');
    expect(await run('get', 'pods', '-l', `app=${name}`, '-o', 'name')).toBe('');
  });

  it('ends a pod sooner that ends already, when it is told so', async () => {
    const deaf = ['--image=busybox', '--restart=Never', '--command', '--', 'sh', '-c', "trap '' TERM; sleep 600"];
    await run('run', 'deaf', ...deaf);
    await run('wait', 'pod/deaf', '--for=condition=Ready', '--timeout=40s');
    await run('delete', 'pod', 'deaf', '--grace-period=600', '--wait=false');
    expect((await run('get', 'pod', 'deaf', '-o', 'name')).trim()).toBe('pod/deaf');
    await run('delete', 'pod', 'deaf', '--grace-period=1', '--timeout=40s');
  });

  it('says which image is not in the catalogue', async () => {
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'unknown-image', namespace: 'default' },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'registry.example/nothing:1' }] },
    });
    await kubectl(home, cluster, ['apply', '-f', '-'], pod);
    await run(
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}',
      'pod/unknown-image',
      '--timeout=20s',
    );
    expect(
      await run('get', 'pod', 'unknown-image', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.message}'),
    ).toContain('is not in the catalogue');
    await run('delete', 'pod', 'unknown-image', '--timeout=20s');
  });

  it('refuses what a schema or a rule forbids, in the words of Kubernetes', async () => {
    const { code, stderr } = await kubectl(
      home,
      cluster,
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'Bad_Name', namespace: 'default' },
        spec: { ports: [{ port: 99_999 }] },
      }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('a lowercase RFC 1123 label');
    expect(stderr).toContain('must be between 1 and 65535');
  });

  it('explains and lists what the clusters serve', async () => {
    expect(await run('api-resources', '--api-group=networking.istio.io')).toContain('virtualservices');
    expect(await run('explain', 'deployment.spec.strategy')).toContain('rollingUpdate');
  });
});
