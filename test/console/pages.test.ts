/**
 * Every page with planted answers: states that a sound mesh does not have (a cluster that does not answer, a broken way, names that do not
 * agree, wrong configuration) must be seen, by eyes and by screen readers, in both themes.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { plantedAnswers, vsPath } from '../support/console-answers.ts';
import { expectAccessible, openPage } from '../support/console-page.ts';
import { type PlantedConsole, startPlantedConsole } from '../support/console-server.ts';

let browser: Browser;
let planted: PlantedConsole;

beforeAll(async () => {
  [browser, planted] = await Promise.all([startBrowser(), startPlantedConsole(plantedAnswers())]);
});
afterAll(async () => {
  await browser?.close();
  await planted?.close();
});

const object = '/clusters/east/namespaces/sample/istio/networking.istio.io/v1/VirtualService/helloworld';

/** Each with words that must be seen on it. */
const pages: [string, string, RegExp[]][] = [
  ['overview', '/', [/192\.168\.49\.4:6443/, /unreachable/, /2 broken, 1 unknown/, /12\.1/]],
  [
    'mesh',
    '/mesh',
    [
      /No pod of the gateway runs: it is scaled to 0/,
      /the names of its cluster ID do not agree/,
      /192\.168\.49\.20/,
      /4 of 4 proxies read.*1 ended/,
      /spiffe:\/\/cluster\.local\/ns\/sample\/sa\/helloworld-v2/,
    ],
  ],
  ['graph', '/graph', [/26\.4 rps/, /18\.2 rps \(69 %\)/]],
  ['applications', '/applications', [/helloworld/, /v2/]],
  ['workloads', '/workloads', [/helloworld-v2/, /0\/1/]],
  ['services', '/services', [/5000 http/]],
  ['istio', '/istio', [/1 error/, /not in effect/, /west: differs/]],
  ['differences', '/istio?tab=differences', [/nowhere/, /Missing in north/]],
  ['object', object, [/KIA1101/, /Write the name of a service that exists/]],
  ['why', '/why', [/No question yet/]],
  ['doctor', '/doctor', [/is read by nobody/, /kubectl --context east apply -f -/, /Services: connect ECONNREFUSED/]],
  ['checks', '/doctor?tab=checks', [/could not be run/, /istiod gave no answer/]],
  ['create', '/create', [/Traffic shifting/, /New from YAML/]],
  ['service', '/clusters/east/namespaces/sample/services/helloworld', [/Configure/, /helloworld-v2/]],
  ['folded', '/graph?fold=cluster', [/Fold clusters/]],
  ['events', '/events', [/Scaled from 1 to 0/, /kubectl-scale/]],
];

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  test.each(pages)('%s', async (name, path, words) => {
    const { page, complaints, picture, close } = await openPage(browser, planted.url + path, { theme });
    try {
      for (const word of words) await page.getByText(word).first().waitFor();
      if (name === 'graph') await page.locator('canvas[data-laid-out="8"]').waitFor();
      if (name === 'folded') await page.locator('canvas[data-laid-out="3"]').waitFor();
      await picture(`planted-${name}-${theme}`);
      await expectAccessible(page);
      expect(complaints).toEqual([]);
    } finally {
      await close();
    }
  });
});

test('what is not answered is said, and the page stands', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/clusters/east/namespaces/sample/workloads/none`);
  await page.getByText('Nothing is planted for namespaces/sample/workloads/none').waitFor();
  await expect(page.getByRole('link', { name: 'Overview' }).count()).resolves.toBe(1);
  // Nobody has signed in, so there is no way out either.
  await expect(page.getByRole('button', { name: 'Sign out' }).count()).resolves.toBe(0);
  await close();
});

test('the pages are asked again when the stream says so', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/workloads`);
  await page.getByText('helloworld-v2').waitFor();
  await page.getByText('Live').waitFor();
  const before = planted.answers['clusters/workloads'] as { workloads: { name: string }[] };
  planted.answers['clusters/workloads'] = { ...before, workloads: before.workloads.slice(0, 3) };
  planted.send({ type: 'changed', scopes: ['workloads'], where: [{ cluster: 'west' }] });
  await page.getByText('helloworld-v2').waitFor({ state: 'detached' });
  planted.answers['clusters/workloads'] = before;
  await close();
});

test('who must sign in does so with a token, sees who they are, and can leave', async () => {
  const own = await startPlantedConsole(plantedAnswers());
  const session: { token?: string } = {};
  own.answers['auth/info'] = () => ({
    strategy: 'token',
    ...(session.token === undefined ? {} : { sessionInfo: { username: 'system:serviceaccount:sample:ann' } }),
  });
  own.answers['authenticate'] = (_query: URLSearchParams, body: string) => {
    session.token = new URLSearchParams(body).get('token') ?? '';
    return {};
  };
  own.answers['logout'] = () => {
    delete session.token;
    return {};
  };
  const { page, complaints, picture, close } = await openPage(browser, `${own.url}/mesh`);
  await page.getByLabel('Token').fill('  a-token ');
  await expectAccessible(page);
  await picture('planted-sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('system:serviceaccount:sample:ann').waitFor();
  expect(session.token).toBe('a-token');
  await page.getByRole('heading', { name: 'Mesh', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  expect(complaints).toEqual([]);
  await close();
  await own.close();
});

test('the selector is in the address and goes along to the next page', async () => {
  const asked: string[] = [];
  const { page, close } = await openPage(browser, `${planted.url}/`);
  page.on('request', (request) => asked.push(request.url()));
  await page.getByRole('button', { name: 'All clusters' }).click();
  await page.getByRole('checkbox', { name: /west/ }).check();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Workloads', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Workloads' }).waitFor();
  expect(page.url()).toContain('clusters=west');
  await expect.poll(() => asked.some((url) => url.includes('/api/clusters/workloads?clusters=west'))).toBe(true);
  await close();
});

test('a change is shown as the server sees it before it is made', async () => {
  const puts: [string | null, string][] = [];
  const read = planted.answers[vsPath];
  planted.answers[vsPath] = (query: URLSearchParams, body: string) => {
    if (body === '') return read;
    puts.push([query.get('dryRun'), body]);
    const before = (read as { yaml: string }).yaml;
    return {
      dryRun: query.get('dryRun') === 'true',
      changed: true,
      fields: [{ path: 'spec.hosts[1]', after: 'more' }],
      before,
      after: body,
      checks: [],
    };
  };
  const { page, complaints, close } = await openPage(browser, planted.url + object);
  await page.getByRole('button', { name: 'Edit' }).click();
  const editor = page.getByRole('textbox', { name: /being written/ });
  await editor.press('Control+End');
  await editor.pressSequentially('  gat');
  await page.getByText('Gateways that the routes are for.').waitFor();
  // By mouse: a key that comes too soon after the list appears is taken as writing.
  await page.getByRole('option', { name: /^gateways/ }).click();
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.getByText('would change 1 fields').waitFor();
  expect(puts.at(-1)?.[0]).toBe('true');
  expect(puts.at(-1)?.[1]).toContain('  gateways:');
  await page.getByRole('button', { name: 'Save in east' }).click();
  await page.getByText('Saved in east').waitFor();
  expect(puts.at(-1)?.[0]).toBe('false');
  expect(complaints).toEqual([]);
  planted.answers[vsPath] = read;
  await close();
});

describe('the graph', () => {
  test('finds, hides, and says what it does not understand', async () => {
    const { page, close } = await openPage(browser, `${planted.url}/graph`);
    await page.locator('canvas[data-laid-out="8"]').waitFor();
    await page.getByRole('button', { name: 'Table' }).click();
    const rows = page.getByRole('grid', { name: 'Edges of the graph' }).locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(7);
    await page.getByRole('textbox', { name: 'Hide in the graph' }).fill('%error > 5 OR broken');
    await expect.poll(() => rows.count()).toBe(4);
    await page.getByRole('textbox', { name: 'Find in the graph' }).fill('colour = red');
    await page.getByText('colour is no field').waitFor();
    await close();
  });

  test('shows an edge between clusters with both sides counted, its gateway and its answers', async () => {
    const { page, picture, close } = await openPage(browser, `${planted.url}/graph?focus=curl-e>svc-w`);
    for (const word of [
      '12.1 rps',
      '9.7 rps',
      'network1 → network2',
      /istio-eastwestgateway at 192\.168\.49\.30/,
      'UF',
    ])
      await page.getByText(word).first().waitFor();
    await picture('planted-graph-edge');
    await close();
  });

  test('asks for the past when it is replayed', async () => {
    const asked: URL[] = [];
    const { page, close } = await openPage(browser, `${planted.url}/graph`);
    page.on('request', (request) => asked.push(new URL(request.url())));
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('slider', { name: 'Moment of the past hour' }).waitFor();
    await page.getByRole('button', { name: 'Run the replay' }).click();
    const times = (): number[] =>
      asked
        .filter((url) => url.pathname === '/api/namespaces/graph')
        .map((url) => Number(url.searchParams.get('queryTime')));
    await expect.poll(() => new Set(times()).size, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(times()).toEqual(times().toSorted((a, b) => a - b));
    await close();
  });
});
