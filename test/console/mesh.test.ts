/** The pages on a running mesh with traffic, as a person looks at them: what they show is compared with what was sent and with what kubectl says. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createIntermediate, createRoot } from '../../src/pki/index.ts';
import { startBrowser } from '../support/browser.ts';
import { consoleAt, consoleOf, type Load, startLoad } from '../support/console.ts';
import { expectAccessible, openPage } from '../support/console-page.ts';
import { eventually, kubectl, putBack, startIsthmus } from '../support/isthmus.ts';

const home = inject('home');
/** Over which rates are compared, in seconds. */
const range = 30;
const inSystem = (cluster: string, ...args: string[]) => kubectl(home, cluster, ['-n', 'istio-system', ...args]);

let browser: Browser;
let url: string;
let loads: { east: Load; west: Load };

beforeAll(async () => {
  url = (await consoleOf(home)).url;
  loads = { east: startLoad(home, 'east', 20, 900), west: startLoad(home, 'west', 10, 900) };
  browser = await startBrowser();
  await eventually(
    'the load has run for the whole range',
    async () => {
      const sent = [...loads.east.answers(600).values()].reduce((sum, one) => sum + one, 0);
      return sent >= 20 * (range + 8) ? { value: true } : { seen: `${sent} answers` };
    },
    120_000,
  );
});
afterAll(async () => {
  await browser?.close();
  await loads?.east[Symbol.asyncDispose]();
  await loads?.west[Symbol.asyncDispose]();
});

/** Rows of a table as lists of the texts of their cells. */
async function rowsOf(page: Page, table: string): Promise<string[][]> {
  const rows = page.getByRole('grid', { name: table }).locator('tbody tr');
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent?.trim() ?? '')));
}

/** Pastes a text where the caret is. Chromium's own insertion would bring styles with it, which the pages' policy forbids. */
function paste(target: Locator, text: string): Promise<void> {
  return target.evaluate((element: any, pasted) => {
    const { DataTransfer, ClipboardEvent } = element.ownerDocument.defaultView;
    const data = new DataTransfer();
    data.setData('text/plain', pasted);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

const addressOf = async (cluster: string): Promise<string> =>
  (
    await inSystem(
      cluster,
      'get',
      'svc',
      'istio-eastwestgateway',
      '-o',
      'jsonpath={.status.loadBalancer.ingress[0].ip}',
    )
  ).stdout;

test('the graph shows within 10 % what was sent, across clusters as within them', async () => {
  const query = `namespaces=sample&duration=${range}&display=animation,badges`;
  const { page, complaints, picture, close } = await openPage(browser, `${url}/graph?${query}`);
  await page.locator('canvas[data-laid-out]').waitFor();
  await picture('mesh-graph');
  await page.getByRole('button', { name: 'Table' }).click();
  for (const from of ['east', 'west'] as const)
    for (const [version, to] of [
      ['v1', 'east'],
      ['v2', 'west'],
    ] as const)
      await expect
        .poll(
          async () => {
            const row = (await rowsOf(page, 'Edges of the graph')).find(
              (cells) => cells[1] === `${from}/sample/curl` && cells[2] === `${to}/sample/helloworld-${version}`,
            );
            const sent = (loads[from].answers(range).get(version) ?? 0) / range;
            const shown = Number.parseFloat(row?.[4] ?? 'NaN');
            const isClose = Math.abs(shown - sent) / sent < 0.1;
            return isClose ? 'within 10 %' : `${from} to ${to}: sent ${sent}, shown ${row?.join(' | ')}`;
          },
          { timeout: 40_000, interval: 1000 },
        )
        .toBe('within 10 %');
  const crossing = (await rowsOf(page, 'Edges of the graph')).filter((cells) => cells[8] === 'network1 → network2');
  expect(crossing).toHaveLength(1);
  expect(crossing[0]?.[7]).toBe('100 %');
  expect(complaints).toEqual([]);
  await close();
});

test('the mesh is shown with addresses, trust and links as they are', async () => {
  const { page, complaints, picture, close } = await openPage(browser, `${url}/mesh`);
  for (const cluster of ['east', 'west']) {
    const box = page.getByRole('article', { name: `Cluster ${cluster}` });
    await box.getByText(await addressOf(cluster)).waitFor();
    await box.getByText(/^root [0-9a-f]{16}$/).waitFor();
  }
  await page.getByRole('article', { name: 'Cluster west' }).getByText('istiod of east').waitFor();
  const links = await rowsOf(page, 'Links between clusters');
  expect(links.map((cells) => `${cells[1]} ${cells[2]} ${cells[3]} ${cells[0]}`).sort()).toEqual(
    expect.arrayContaining([
      'Control plane west east ok',
      'East-west east west ok',
      'East-west west east ok',
      'Federation east west ok',
      'Remote secret east west ok',
      'Trust east west ok',
    ]),
  );
  await picture('mesh-mesh');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
  await close();
});

const at = (cluster: string): string => `/clusters/${cluster}/namespaces/sample`;
const duration = 'duration=60';

/** Each page with words that only a mesh with this traffic has. */
const pages: [string, string, RegExp[]][] = [
  ['overview', `/?${duration}`, [/all 6 are sound/, /no service fails/, /injected/]],
  ['applications', `/applications?namespaces=sample&${duration}`, [/helloworld/, /v2/]],
  ['workloads', `/workloads?namespaces=sample&${duration}`, [/helloworld-v1/, /helloworld-v2/, /1\/1/]],
  ['services', `/services?namespaces=sample&${duration}`, [/5000 http/]],
  ['istio', '/istio', [/Gateway/, /cross-network/]],
  ['doctor', '/doctor', [/Nothing was found/, /checks passed in east, west/]],
  ['events', '/events', [/Requests in a second/]],
  ['application', `${at('west')}/applications/helloworld?${duration}`, [/helloworld-v2/, /In other clusters/]],
  ['service', `${at('east')}/services/helloworld?tab=endpoints&${duration}`, [/network2/, /istio-eastwestgateway at/]],
  ['workload', `${at('west')}/workloads/helloworld-v2?${duration}`, [/1 of 1 ready/, /Healthy/, /end in \d+ h/]],
  ['traffic', `${at('west')}/workloads/helloworld-v2?tab=traffic&${duration}`, [/curl/, /yes/, /100 %/]],
  [
    'metrics',
    `${at('west')}/workloads/helloworld-v2?tab=in&by=source_cluster&${duration}`,
    [/Request duration, 95th percentile/],
  ],
  ['pods', `${at('west')}/workloads/helloworld-v2?tab=pods`, [/istio-proxy \(proxy\)/, /10\.20\./]],
  ['logs', `${at('east')}/workloads/curl?tab=logs&container=istio-proxy`, [/GET \/hello\S* HTTP\/1\.1" 200/]],
  ['envoy', `${at('east')}/workloads/curl?tab=envoy&part=endpoints&find=helloworld`, [/Synced/, /:15443/]],
  [
    'why',
    `/why?from=east/sample/curl&to=helloworld.sample:5000/hello`,
    [/50 % reach helloworld-v2 in west/, /Authorization|authorization/, /istio-eastwestgateway/],
  ],
];

test.each(pages)('%s', async (name, path, words) => {
  const { page, complaints, picture, close } = await openPage(browser, url + path, {
    theme: name.length % 2 ? 'dark' : 'light',
  });
  for (const word of words) await page.getByText(word).first().waitFor({ timeout: 20_000 });
  await picture(`mesh-${name}`);
  await expectAccessible(page);
  expect(complaints).toEqual([]);
  await close();
});

describe('what breaks is seen within 15 s where it matters, without a reload', () => {
  test('a stopped gateway, on Mesh and on the graph', async () => {
    const [mesh, graph] = await Promise.all([
      openPage(browser, `${url}/mesh`),
      openPage(browser, `${url}/graph?namespaces=sample&duration=600&display=badges`),
    ]);
    await mesh.page.getByText('East-west').first().waitFor();
    await graph.page.getByText('Whole graph').waitFor();
    await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=0');
    try {
      const link = mesh.page.getByRole('button', { name: /East-west from east to west: broken/ });
      await Promise.all([
        link.waitFor({ timeout: 15_000 }),
        graph.page.getByRole('cell', { name: 'broken' }).first().waitFor({ timeout: 15_000 }),
      ]);
      expect(await link.textContent()).toContain('istio-eastwestgateway');
      await mesh.picture('mesh-mesh-gateway-stopped');
      await graph.picture('mesh-graph-gateway-stopped');
    } finally {
      await inSystem('west', 'scale', 'deploy/istio-eastwestgateway', '--replicas=1');
    }
    await mesh.page.getByRole('button', { name: /East-west from east to west: ok/ }).waitFor({ timeout: 60_000 });
    await Promise.all([mesh.close(), graph.close()]);
  });

  test('a removed remote secret, and the event that tells who removed what', async () => {
    const { stdout: kept } = await inSystem('east', 'get', 'secret', 'istio-remote-secret-west', '-o', 'json');
    const mesh = await openPage(browser, `${url}/mesh`);
    await mesh.page.getByRole('button', { name: /Remote secret from east to west: ok/ }).waitFor();
    await inSystem('east', 'delete', 'secret', 'istio-remote-secret-west');
    try {
      await mesh.page
        .getByRole('button', { name: /Remote secret from east to west: broken/ })
        .waitFor({ timeout: 15_000 });
      await mesh.picture('mesh-mesh-secret-removed');
      const events = await openPage(browser, `${url}/events?find=istio-remote-secret-west`);
      await events.page.getByText('Removed').first().waitFor();
      await events.picture('mesh-events-secret-removed');
      await events.close();
    } finally {
      await putBack(home, 'east', kept);
    }
    await mesh.page.getByRole('button', { name: /Remote secret from east to west: ok/ }).waitFor({ timeout: 60_000 });
    await mesh.close();
  });
});

test('an expired certificate is seen within 15 s, on its cluster and on the link of trust', async () => {
  const { stdout: kept } = await inSystem('west', 'get', 'secret', 'cacerts', '-o', 'json');
  const root = await createRoot({ commonName: 'Root' });
  const expired = await createIntermediate(root, { commonName: 'Expired', days: -1 / 24 });
  const encoded = (pem: string): string => Buffer.from(pem).toString('base64');
  const patch = (changed: Record<string, string>) =>
    inSystem('west', 'patch', 'secret', 'cacerts', '--type=merge', '-p', JSON.stringify({ data: changed }));
  const mesh = await openPage(browser, `${url}/mesh`);
  await mesh.page.getByRole('button', { name: /Trust from .*: ok/ }).waitFor();
  await patch({ 'ca-cert.pem': encoded(expired.certPem), 'cert-chain.pem': encoded(expired.certPem + root.certPem) });
  try {
    await mesh.page.getByRole('button', { name: /Trust from .*: broken/ }).waitFor({ timeout: 15_000 });
    await mesh.page
      .getByRole('article', { name: 'Cluster west' })
      .getByText(/expired/)
      .first()
      .waitFor();
    await mesh.picture('mesh-mesh-certificate-expired');
  } finally {
    await putBack(home, 'west', kept);
  }
  await mesh.page.getByRole('button', { name: /Trust from .*: ok/ }).waitFor({ timeout: 60_000 });
  await mesh.close();
});

test('an object is changed in the editor, after the API server has said what would change', async () => {
  const name = 'console-edit';
  const object = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'sample' },
    spec: {
      hosts: ['helloworld.sample.svc.cluster.local'],
      http: [{ route: [{ destination: { host: 'helloworld.sample.svc.cluster.local' } }] }],
    },
  };
  expect((await kubectl(home, 'east', ['apply', '-f', '-'], JSON.stringify(object))).code).toBe(0);
  const editing = startIsthmus(['console', '--port', '0', '--allow-edit'], { home });
  try {
    await editing.until(/http:\/\/\S+/);
    const own = /http:\/\/\S+/.exec(editing.output())![0];
    const { page, complaints, picture, close } = await openPage(
      browser,
      `${own}${at('east')}/istio/networking.istio.io/v1/VirtualService/${name}`,
    );
    await page.getByRole('button', { name: 'Edit' }).click();
    const editor = page.getByRole('textbox', { name: /being written/ });
    const { yaml } = await consoleAt(own).get<{ yaml: string }>(
      `/api/namespaces/sample/istio/networking.istio.io/v1/VirtualService/${name}?clusterName=east`,
    );
    await editor.press('Control+a');
    await paste(editor, yaml.replace('spec:\n', 'spec:\n  exportTo: ["."]\n'));
    await page.getByRole('button', { name: 'Show what would change' }).click();
    await page.getByText(/would change \d+ fields/).waitFor();
    await picture('mesh-istio-change');
    await page.getByRole('button', { name: 'Save in east' }).click();
    await page.getByText('Saved in east').waitFor();
    const saved = await kubectl(home, 'east', [
      '-n',
      'sample',
      'get',
      'virtualservice',
      name,
      '-o',
      'jsonpath={.spec.exportTo}',
    ]);
    expect(saved.stdout).toBe('["."]');
    expect(complaints).toEqual([]);
    await close();
  } finally {
    editing.child.kill('SIGTERM');
    await editing.ended;
    await kubectl(home, 'east', ['-n', 'sample', 'delete', 'virtualservice', name]);
  }
});

test('what the doctor finds appears without a reload, and goes again', async () => {
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'read-by-nobody', namespace: 'sample' },
    spec: { host: 'helloworld' },
  };
  const { page, picture, close } = await openPage(browser, `${url}/doctor`);
  await page.getByRole('heading', { name: 'Nothing was found' }).waitFor();
  expect((await kubectl(home, 'west', ['apply', '-f', '-'], JSON.stringify(rule))).code).toBe(0);
  try {
    await page.getByText(/read-by-nobody has no effect/).waitFor({ timeout: 30_000 });
    await picture('mesh-doctor-found');
  } finally {
    await kubectl(home, 'west', ['-n', 'sample', 'delete', 'destinationrule', rule.metadata.name]);
  }
  await page.getByRole('heading', { name: 'Nothing was found' }).waitFor({ timeout: 30_000 });
  await close();
});

test('a wizard sends all requests to one version, and they go there until its object is deleted', async () => {
  const editing = startIsthmus(['console', '--port', '0', '--allow-edit'], { home });
  const answersOf = async (cluster: string): Promise<Set<string>> => {
    const command = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s helloworld.sample:5000/hello; done';
    const { stdout } = await kubectl(home, cluster, [
      '-n',
      'sample',
      'exec',
      'deploy/curl',
      '-c',
      'curl',
      '--',
      'sh',
      '-c',
      command,
    ]);
    return new Set(stdout.match(/version: v\d/g));
  };
  const until = (cluster: string, versions: number) =>
    eventually(`the client in ${cluster} meets ${versions} versions`, async () => {
      const seen = await answersOf(cluster);
      return seen.size === versions ? { value: seen } : { seen: [...seen].join(', ') };
    });
  try {
    await editing.until(/http:\/\/\S+/);
    const own = /http:\/\/\S+/.exec(editing.output())![0];
    const { page, complaints, picture, close } = await openPage(browser, `${own}${at('west')}/services/helloworld`);
    await page.getByRole('button', { name: 'Configure' }).click();
    await page.getByRole('menuitem', { name: /Traffic shifting/ }).click();
    await page.getByLabel('Percent of v1').fill('100');
    await page.getByRole('button', { name: 'Show what would change' }).click();
    // The service of west is governed by the istiod of east.
    await page.getByRole('button', { name: 'Write into east' }).click();
    await page.getByText('It was made').first().waitFor();
    await picture('mesh-wizard-written');
    for (const cluster of ['east', 'west']) expect(await until(cluster, 1)).toEqual(new Set(['version: v1']));
    await page.goto(`${own}${at('east')}/istio/networking.istio.io/v1/VirtualService/helloworld`);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete in east' }).click();
    await page.getByRole('heading', { name: 'Istio configuration', level: 1 }).waitFor();
    for (const cluster of ['east', 'west']) await until(cluster, 2);
    expect(complaints).toEqual([]);
    await close();
  } finally {
    editing.child.kill('SIGTERM');
    await editing.ended;
    await kubectl(home, 'east', [
      '-n',
      'sample',
      'delete',
      'virtualservice,destinationrule',
      'helloworld',
      '--ignore-not-found',
    ]);
  }
});
