import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../../../test/support/isthmus.ts';
import { PlantedApi } from '../../../test/support/planted-api.ts';
import { plantDeployment } from '../../../test/support/planted-observed.ts';
import { Observer } from '../observer.ts';
import { ClusterModel } from './cluster-model.ts';
import { followSources, readSources } from './kubeconfig.ts';
import { tokenOf, toRemoteSecret } from './remote-secret.ts';
import { ownerOf } from './workload.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function kubeconfig(contexts: Record<string, string>, current?: string): string {
  const names = Object.keys(contexts);
  return stringify({
    'current-context': current ?? names[0],
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    clusters: names.map((name) => ({ name, cluster: { server: contexts[name] } })),
    users: names.map((name) => ({ name, user: { token: 't' } })),
  });
}

test('of contexts that lead to one API server one is taken: the current one', () => {
  const file = join(folder, 'config');
  writeFileSync(file, kubeconfig({ one: 'https://a:1', two: 'https://a:1', three: 'https://b:1' }, 'two'));
  expect(readSources({ files: [file] }).map((one) => one.context)).toEqual(['two', 'three']);
  expect(readSources({ files: [file], contexts: ['one'] }).map((one) => one.context)).toEqual(['one']);
  expect(() => readSources({ files: [file], contexts: ['four'] })).toThrow('there is no context "four"');
});

test('a file that cannot be read spoils no other, and is told', () => {
  const [good, bad] = [join(folder, 'good'), join(folder, 'bad')];
  writeFileSync(good, kubeconfig({ one: 'https://a:1' }));
  writeFileSync(bad, 'contexts: [');
  const faults: string[] = [];
  expect(readSources({ files: [bad, good, join(folder, 'none')] }, (why) => faults.push(why))).toHaveLength(1);
  expect(faults).toHaveLength(1);
});

test('clusters come and go with the kubeconfig, also when the file is replaced', async () => {
  const file = join(folder, 'config');
  writeFileSync(file, kubeconfig({ one: 'https://127.0.0.1:1' }));
  await using observer = new Observer();
  observer.model.follow(readSources({ files: [file] }));
  const end = followSources({ files: [file] }, (sources) => observer.model.follow(sources));
  try {
    const first = observer.model.cluster('one');
    writeFileSync(`${file}.new`, kubeconfig({ one: 'https://127.0.0.1:1', two: 'https://127.0.0.1:2' }));
    renameSync(`${file}.new`, file);
    await eventually(
      'the second cluster',
      async () => {
        const names = observer.clusters.map((one) => one.context);
        return names.length === 2 ? { value: names } : { seen: names.join() };
      },
      5000,
    );
    expect(observer.model.cluster('one')).toBe(first);
    writeFileSync(file, kubeconfig({ two: 'https://127.0.0.1:2' }));
    await eventually(
      'only the second',
      async () => {
        const names = observer.clusters.map((one) => one.context);
        return names.join() === 'two' ? { value: names } : { seen: names.join() };
      },
      5000,
    );
    expect(observer.events.list().events.map((one) => one.message)).toContain(
      'cluster one is no longer in the kubeconfig',
    );
  } finally {
    end();
  }
});

test('a cluster is named by its CLUSTER_ID, whatever its context is called', async () => {
  const api = new PlantedApi('west');
  plantDeployment(api, 'sample', 'curl', { app: 'curl' });
  await using observer = new Observer();
  observer.model.add(new ClusterModel('kind-west', api.client()));
  expect(observer.clusters[0]!.name).toBe('kind-west');
  await observer.model.settled(2000);
  expect(observer.clusters[0]!.name).toBe('west');
  expect(observer.model.cluster('west')).toBe(observer.model.cluster('kind-west'));
});

test('an API server that gives no answer delays nothing and is told with the reason', async () => {
  const [good, silent] = [new PlantedApi('good'), new PlantedApi('silent')];
  silent.silent = 'connect ECONNREFUSED';
  plantDeployment(good, 'sample', 'curl', { app: 'curl' });
  await using observer = new Observer();
  for (const api of [silent, good]) observer.model.add(new ClusterModel(api.name, api.client()));
  await eventually(
    'both were asked',
    async () => {
      const [first, second] = observer.clusters.map((one) => one.api);
      return second!.reachable && first!.reason?.includes('ECONNREFUSED')
        ? { value: true }
        : { seen: JSON.stringify([first, second]) };
    },
    2000,
  );
  expect(observer.model.cluster('good')!.workloads.size).toBe(1);
  expect(observer.mesh().problems).toMatchObject([{ cluster: 'silent', why: 'connect ECONNREFUSED' }]);
});

test('a pod belongs to what owns it, by its template hash', () => {
  const pod = (kind: string, name: string, labels = {}) => ({
    metadata: { name: 'p', labels, ownerReferences: [{ kind, name, controller: true, apiVersion: 'v1', uid: 'u' }] },
    spec: {},
  });
  expect(ownerOf(pod('ReplicaSet', 'web-7d9', { 'pod-template-hash': '7d9' }))).toEqual({
    kind: 'Deployment',
    name: 'web',
  });
  expect(ownerOf(pod('ReplicaSet', 'bare'))).toEqual({ kind: 'ReplicaSet', name: 'bare' });
  expect(ownerOf(pod('Job', 'backup-28950001'))).toEqual({ kind: 'CronJob', name: 'backup' });
  expect(ownerOf({ metadata: { name: 'alone' }, spec: {} })).toEqual({ kind: 'Pod', name: 'alone' });
});

test('a changed pod touches its own workload only', async () => {
  const api = new PlantedApi('one');
  plantDeployment(api, 'sample', 'curl', { app: 'curl' });
  plantDeployment(api, 'sample', 'web', { app: 'web' });
  await using observer = new Observer();
  observer.model.add(new ClusterModel('one', api.client()));
  await observer.model.settled(2000);
  const { workloads } = observer.clusters[0]!;
  const [curl, web] = [workloads.get('sample', 'curl'), workloads.get('sample', 'web')!];
  api.remove('Pod', 'sample', 'web-abc-0');
  await eventually(
    'the pod is gone',
    async () => (web.pods.size === 0 ? { value: true } : { seen: String(web.pods.size) }),
    2000,
  );
  expect(workloads.get('sample', 'curl')).toBe(curl);
  expect(curl!.pods.size).toBe(1);
  api.remove('Deployment', 'sample', 'web');
  await eventually(
    'the workload is gone',
    async () => (workloads.get('sample', 'web') ? { seen: 'it is there' } : { value: true }),
    2000,
  );
});

test('of a remote secret nothing can be printed that opens a cluster, and its token can be asked for', () => {
  const text = JSON.stringify({
    clusters: [{ name: 'west', cluster: { server: 'https://user:pass@west:6443' } }],
    users: [{ user: { token: 'secret-token' } }],
  });
  const kept = toRemoteSecret({
    metadata: { name: 's' },
    data: { west: Buffer.from(text).toString('base64'), bad: Buffer.from('{').toString('base64') },
  });
  expect(JSON.stringify(kept)).not.toMatch(/secret-token|pass/);
  expect(tokenOf(kept.targets[0]!)).toBe('secret-token');
  expect(kept.targets[1]!.fault).toBe('its kubeconfig cannot be read');
});
