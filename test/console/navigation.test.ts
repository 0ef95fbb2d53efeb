/** Moving about: what is in the address, where the focus goes, what changes without a reload, and windows of all widths. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { plantedAnswers } from '../support/console-answers.ts';
import { openPage } from '../support/console-page.ts';
import { type PlantedConsole, startPlantedConsole } from '../support/console-server.ts';
import { doctorReport, nothingFound } from '../support/doctor-answers.ts';

let browser: Browser;
let planted: PlantedConsole;

beforeAll(async () => {
  [browser, planted] = await Promise.all([startBrowser(), startPlantedConsole(plantedAnswers())]);
});
afterAll(async () => {
  await browser?.close();
  await planted?.close();
});

test('what the doctor finds is marked in the navigation and goes when it is mended', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/doctor`);
  const entry = page.getByRole('link', { name: /^Doctor/ });
  await expect.poll(() => entry.textContent()).toContain('2');
  planted.answers['doctor'] = nothingFound;
  planted.send({ type: 'changed', scopes: ['doctor'], where: [] });
  await page.getByRole('heading', { name: 'Nothing was found' }).waitFor();
  await expect.poll(() => entry.textContent()).toBe('Doctor');
  planted.answers['doctor'] = doctorReport;
  await close();
});

test('findings lead to their objects and are narrowed by severity and check', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/doctor?severity=warning`);
  await page.getByText('has no effect').waitFor();
  expect(await page.getByText('is read by nobody').count()).toBe(0);
  await page.getByRole('link', { name: 'VirtualService sample/helloworld' }).click();
  await page.getByRole('heading', { name: /^helloworld/ }).waitFor();
  expect(page.url()).toContain(
    '/clusters/east/namespaces/sample/istio/networking.istio.io/v1/VirtualService/helloworld',
  );
  await close();
});

test('the focus goes to the heading of the page that was gone to, and back is back', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/workloads`);
  await page.getByRole('link', { name: 'Traffic graph' }).press('Enter');
  const heading = page.getByRole('heading', { name: 'Traffic graph', level: 1 });
  await heading.waitFor();
  await expect.poll(() => heading.evaluate((one: any) => one === one.ownerDocument.activeElement)).toBe(true);
  expect(await page.title()).toBe('Traffic graph · Isthmus');
  await page.goBack();
  await page.getByRole('heading', { name: 'Workloads', level: 1 }).waitFor();
  await close();
});

test('the order of a table is in the address, and a link shows the same', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/workloads`);
  await page.getByRole('button', { name: 'Cluster', exact: true }).click();
  await expect.poll(() => page.url()).toContain('sort=Cluster');
  await page.getByRole('button', { name: 'Cluster', exact: true }).click();
  await expect.poll(() => page.url()).toContain('sort=-Cluster');
  await page.reload();
  const first = page.getByRole('grid', { name: 'Workloads' }).locator('tbody tr').first();
  await expect.poll(() => first.textContent()).toContain('west');
  await close();
});

test('boxes of the graph are folded and unfolded by hand and by keys', async () => {
  const { page, close } = await openPage(browser, `${planted.url}/graph?fold=cluster`);
  await page.locator('canvas[data-laid-out="3"]').waitFor();
  const graph = page.getByRole('application');
  await graph.focus();
  await graph.press('n');
  await page.getByRole('button', { name: 'Unfold' }).waitFor();
  await graph.press('Enter');
  await expect.poll(() => page.url()).toContain('toggled=');
  // Its namespaces are folded still: one opens what one looks for, and no more.
  await page.getByRole('button', { name: 'Fold', exact: true }).click();
  await page.getByRole('button', { name: 'Unfold' }).waitFor();
  await expect.poll(() => page.url()).not.toContain('toggled=');
  // As a table, for those who do not see the drawing: sums between clusters.
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('grid', { name: 'Edges of the graph' }).waitFor();
  await close();
});

test('nothing is cut off where the window is narrow', async () => {
  const { page, picture, close } = await openPage(browser, planted.url, { width: 768, theme: 'dark' });
  for (const [width, title] of [
    [768, 'Mesh'],
    [1024, 'Traffic graph'],
    [768, 'Traffic graph'],
    [768, 'Doctor'],
  ] as const) {
    await page.setViewportSize({ width, height: 1000 });
    const entry = page.getByRole('link', { name: new RegExp(`^${title}`) });
    if (!(await entry.isVisible())) await page.getByRole('button', { name: 'Navigation' }).click();
    await entry.click();
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    await page.getByText('Live').waitFor();
    await picture(`planted-${width}-${title.split(' ').at(-1)?.toLowerCase()}`);
    // Polled: the head of the page takes its new form after the window has.
    const beyond = () =>
      page.evaluate(() => {
        const { document, innerWidth } = globalThis as any;
        const seen = [
          ...document.querySelectorAll('.pf-v6-c-masthead button, .pf-v6-c-masthead a, h1, main > section'),
        ];
        return seen.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.textContent);
      });
    await expect.poll(beyond, { message: `${title} at ${width}` }).toEqual([]);
  }
  await close();
});
