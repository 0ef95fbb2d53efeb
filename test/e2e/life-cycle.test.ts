import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { tryRun } from '../../src/process/index.ts';
import { hostState } from '../support/host.ts';
import { eventually, isthmus, kubectl, startIsthmus, temporaryHome } from '../support/isthmus.ts';

it('leaves nothing behind after an interrupted up and a down', async () => {
  await using scope = temporaryHome();
  const before = await hostState(scope.home);
  const up = startIsthmus(['up'], { home: scope.home });
  await up.until(/clusters/);
  await new Promise((resolve) => setTimeout(resolve, 1_000)); // anywhere in the middle is fine: this is no wait for a condition
  up.child.kill('SIGINT');
  await up.ended;
  const down = await isthmus(['down'], { home: scope.home });
  expect(down.code, down.stderr).toBe(0);
  expect(await hostState(scope.home)).toEqual(before);
});

it('takes an up that was killed on where it stood, and takes it down whole', async () => {
  await using scope = temporaryHome();
  const before = await hostState(scope.home);
  const killed = startIsthmus(['up'], { home: scope.home });
  await killed.until(/clusters/);
  await new Promise((resolve) => setTimeout(resolve, 700));
  killed.child.kill('SIGKILL');
  await killed.ended;
  const again = await isthmus(['up'], { home: scope.home });
  expect(again.code, again.stdout + again.stderr).toBe(0);
  const down = await isthmus(['down'], { home: scope.home });
  expect(down.code, down.stderr).toBe(0);
  expect(await hostState(scope.home)).toEqual(before);
});

it('says what is wrong in a mesh file, with its place, and starts nothing', async () => {
  await using scope = temporaryHome();
  const { writeFileSync } = await import('node:fs');
  writeFileSync(
    join(scope.home, 'mesh.yaml'),
    'apiVersion: isthmus.dev/v1alpha1\nkind: Mesh\nmetadata: {name: m}\nspec:\n  clusters:\n    - {name: east, network: n1, role: primry}\n',
  );
  const { code, stderr } = await isthmus(['up'], { home: scope.home, cwd: scope.home });
  expect(code).toBe(2);
  expect(stderr).toMatch(/mesh\.yaml:6:\d+.*primry/);
});

it('keeps acknowledged writes when a cluster process is killed, and brings its pods back', async () => {
  const home = inject('home');
  const made = await kubectl(
    home,
    'west',
    ['apply', '-f', '-'],
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'durable', namespace: 'default' },
      data: { a: 'b' },
    }),
  );
  expect(made.code).toBe(0);
  await tryRun('pkill', ['-KILL', '-f', `cluster-process.ts west ${home}/`]);
  await eventually('west answers again', async () => {
    const { code, stdout, stderr } = await kubectl(home, 'west', [
      'get',
      'configmap',
      'durable',
      '-o',
      'jsonpath={.data.a}',
    ]);
    return code === 0 && stdout === 'b' ? { value: true } : { seen: stderr };
  });
  await eventually(
    'traffic is whole again',
    async () => {
      const { code, stdout } = await isthmus(['verify'], { home });
      return code === 0 ? { value: true } : { seen: stdout };
    },
    150_000,
  );
  const restarts = 'jsonpath={.items[0].status.containerStatuses[0].restartCount}';
  const { stdout } = await kubectl(home, 'west', [
    '-n',
    'sample',
    'get',
    'pods',
    '-l',
    'app=helloworld',
    '-o',
    restarts,
  ]);
  expect(Number(stdout), 'a pod that comes back was restarted').toBeGreaterThan(0);
  await kubectl(home, 'west', ['delete', 'configmap', 'durable']);
}, 240_000);
