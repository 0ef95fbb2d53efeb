/** New configuration by wizards and as a text, with planted answers: what is sent, in which order, and what a console that only reads says. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startBrowser } from '../support/browser.ts';
import { plantedAnswers, vsPath } from '../support/console-answers.ts';
import { expectAccessible, openPage } from '../support/console-page.ts';
import { type PlantedConsole, startPlantedConsole } from '../support/console-server.ts';

let browser: Browser;
let planted: PlantedConsole;
/** What was sent: path below /api/, whether as a dry run, and the object. */
let sent: { path: string; dryRun: boolean; object: any }[];

beforeAll(async () => {
  [browser, planted] = await Promise.all([startBrowser(), startPlantedConsole(plantedAnswers())]);
});
afterAll(async () => {
  await browser?.close();
  await planted?.close();
});
beforeEach(() => {
  sent = [];
  Object.assign(planted.answers, plantedAnswers());
  const { items } = planted.answers['istio/config'] as { items: { kind: string; cluster: string }[] };
  planted.answers['istio/config'] = (query: URLSearchParams) => ({
    items: items.filter((item) => item.kind === 'VirtualService' && item.cluster === query.get('clusters')),
    problems: [],
  });
  for (const path of [vsPath, 'namespaces/sample/istio/networking.istio.io/v1/DestinationRule']) {
    const read = planted.answers[path];
    planted.answers[path] = (query: URLSearchParams, body: string) => {
      if (body === '') return read;
      const dryRun = query.get('dryRun') === 'true';
      sent.push({ path, dryRun, object: parse(body) });
      const fields = [{ path: 'spec', after: 'other' }];
      return { action: 'update', dryRun, changed: true, fields, before: 'kind: A\n', after: body, checks: [] };
    };
  }
});

const wizard = '/create/traffic-shifting?namespace=sample&service=helloworld';

test.each(['light', 'dark'] as const)('shares of traffic are moved, shown and then written, %s', async (theme) => {
  const { page, complaints, picture, close } = await openPage(browser, planted.url + wizard, { theme });
  await page.getByLabel('Percent of v2').fill('30');
  expect(await page.getByLabel('Percent of v1').inputValue()).toBe('70');
  // Only a cluster with a control plane is offered, and it is the one that governs both.
  await page.getByRole('checkbox', { name: 'east', exact: true }).waitFor();
  expect(await page.getByRole('checkbox', { name: 'west', exact: true }).count()).toBe(0);
  await expectAccessible(page);
  await picture(`planted-wizard-${theme}`);
  await page.getByRole('button', { name: 'Show what would change' }).click();
  const write = page.getByRole('button', { name: 'Write into east' });
  await write.waitFor();
  expect(sent.map(({ dryRun }) => dryRun)).toEqual([true, true]);
  await expectAccessible(page);
  await picture(`planted-review-${theme}`);
  await write.click();
  await page.getByText('It was made').waitFor();
  const written = sent.slice(2);
  // The subsets before the routes that name them; the VirtualService that is there is changed and keeps its name.
  expect(written.map(({ object }) => object.kind)).toEqual(['DestinationRule', 'VirtualService']);
  expect(written.every(({ dryRun }) => !dryRun)).toBe(true);
  expect(written[1]!.object.metadata.name).toBe('helloworld');
  expect(written[1]!.object.spec.http.at(-1).route.map((one: any) => one.weight)).toEqual([70, 30]);
  expect(complaints).toEqual([]);
  await close();
});

test('a mistake in the form is told, and nothing is sent', async () => {
  const { page, close } = await openPage(
    browser,
    `${planted.url}/create/request-routing?namespace=sample&service=helloworld`,
  );
  await page.getByText('A header needs a name').waitFor();
  expect(await page.getByRole('button', { name: 'Show what would change' }).isDisabled()).toBe(true);
  await page.getByLabel('Match 1: name of the header').fill('end-user');
  await page.getByLabel('Match 1: value').fill('ann');
  await expect.poll(() => page.getByRole('button', { name: 'Show what would change' }).isEnabled()).toBe(true);
  expect(sent).toEqual([]);
  await close();
});

test('a console that only reads says how it may write, and shows the objects all the same', async () => {
  planted.answers['config'] = { ...(planted.answers['config'] as object), allowEdit: false };
  const { page, close } = await openPage(browser, planted.url + wizard);
  await page.getByText('isthmus console --allow-edit').waitFor();
  await page.getByText('DestinationRule').first().waitFor();
  expect(await page.getByRole('button', { name: 'Show what would change' }).count()).toBe(0);
  await expectAccessible(page);
  await close();
});

test('what the API server refuses is told, and is not written', async () => {
  delete planted.answers['namespaces/sample/istio/networking.istio.io/v1/DestinationRule'];
  const { page, close } = await openPage(browser, planted.url + wizard);
  await page.getByRole('button', { name: 'Show what would change' }).click();
  await page.getByText(/Nothing is planted for .*DestinationRule/).waitFor();
  expect(await page.getByRole('button', { name: 'Write into east' }).isDisabled()).toBe(true);
  await close();
});

test('a new object as a text: what is missing is told, keys are completed', async () => {
  planted.answers['istio/kinds/networking.istio.io/v1/DestinationRule'] = {
    kind: 'DestinationRule',
    schema: {
      properties: { spec: { properties: { trafficPolicy: { type: 'object', description: 'How to send.' } } } },
    },
  };
  const { page, complaints, close } = await openPage(
    browser,
    `${planted.url}/create/yaml?kind=DestinationRule&namespace=sample`,
  );
  await page.getByText('metadata.name is missing').waitFor();
  const editor = page.getByRole('textbox', { name: 'New DestinationRule' });
  await editor.press('Control+End');
  await editor.pressSequentially('  traf');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
  await close();
});
