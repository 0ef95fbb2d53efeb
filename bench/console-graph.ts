/**
 * The traffic graph in a browser: 10 clusters, 1,000 nodes and 3,000 edges of planted traffic. Measured are the time from the page's start to
 * the graph that is laid out, and the frames that are painted while it is dragged about. Chromium paints without a graphics card here.
 */
import type { Page } from 'playwright-core';
import type { Graph, GraphEdge, GraphNode } from '../src/console/api.ts';
import { startBrowser } from '../test/support/browser.ts';
import { plantedAnswers } from '../test/support/console-answers.ts';
import { startPlantedConsole } from '../test/support/console-server.ts';
import { quantile } from './mesh.ts';

const sizes = { clusters: 10, namespaces: 5, nodes: 1000, edges: 3000 };
const dragMs = 5000;

/** Lines of a table. */
export async function consoleGraph(): Promise<string[]> {
  const planted = await startPlantedConsole({ ...plantedAnswers(), 'namespaces/graph': syntheticGraph() });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1500, height: 950 } });
    const begun = performance.now();
    // With nothing folded, which is the most that the browser can be asked for.
    await page.goto(`${planted.url}/graph?fold=none`);
    await page.locator(`canvas[data-laid-out="${sizes.nodes}"]`).waitFor();
    const shown = performance.now() - begun;
    // Half a second for what the browser does once: fonts, the first paint of all labels.
    await page.waitForTimeout(500);
    const still = await framesWhile(page, () => page.waitForTimeout(dragMs));
    const frames = await framesWhile(page, () => drag(page));
    return [
      '| graph of 1,000 nodes and 3,000 edges in 10 clusters | |',
      '|---|---|',
      `| from opening the page to the laid-out graph | ${Math.round(shown)} ms |`,
      `| frames a second with traffic animation, nobody touching it | ${still.rate.toFixed(0)} |`,
      `| frames a second while panning | ${frames.rate.toFixed(0)} |`,
      `| time between two frames while panning, median and 99th percentile | ${frames.median.toFixed(0)} ms, ${frames.slow.toFixed(0)} ms |`,
    ];
  } finally {
    await browser.close();
    await planted.close();
  }
}

async function framesWhile(
  page: Page,
  act: () => Promise<void>,
): Promise<{ rate: number; median: number; slow: number }> {
  await page.evaluate(() => {
    const times: number[] = [];
    const counter = { running: true, times };
    (globalThis as any).frameCounter = counter;
    const next = (time: number): void => {
      times.push(time);
      if (counter.running) (globalThis as any).requestAnimationFrame(next);
    };
    (globalThis as any).requestAnimationFrame(next);
  });
  await act();
  const times = await page.evaluate((): number[] => {
    const counter = (globalThis as any).frameCounter;
    counter.running = false;
    return counter.times;
  });
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  const seconds = (times.at(-1)! - times[0]!) / 1000;
  return { rate: gaps.length / seconds, median: quantile(gaps, 0.5), slow: quantile(gaps, 0.99) };
}

/** Drags the ground of the graph in circles, as a hand does. */
async function drag(page: Page): Promise<void> {
  const area = (await page.locator('.ist-graph-canvas').boundingBox())!;
  const [x, y] = [area.x + area.width - 8, area.y + 8];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const begun = performance.now();
  for (let passed = 0; passed < dragMs; passed = performance.now() - begun) {
    const angle = passed / 300;
    await page.mouse.move(x - 150 + 150 * Math.cos(angle), y + 120 + 120 * Math.sin(angle));
  }
  await page.mouse.up();
}

function syntheticGraph(): Graph {
  const nodes: { data: GraphNode }[] = [];
  const add = (fields: Partial<GraphNode> & { id: string; cluster: string }): void => {
    nodes.push({ data: { nodeType: 'box', namespace: '', healthData: null, ...fields } });
  };
  const leaves: string[] = [];
  for (let c = 0; c < sizes.clusters; c++) {
    const cluster = `cluster-${c}`;
    add({ id: cluster, cluster, isBox: 'cluster', network: `network-${c}` });
    for (let n = 0; n < sizes.namespaces; n++) {
      const namespace = `team-${n}`;
      add({ id: `${cluster}/${namespace}`, parent: cluster, cluster, namespace, isBox: 'namespace' });
      for (let w = 0; w < sizes.nodes / sizes.clusters / sizes.namespaces; w++) {
        const id = `${cluster}/${namespace}/app-${w}`;
        leaves.push(id);
        const service = w % 2 === 0;
        add({
          id,
          parent: `${cluster}/${namespace}`,
          cluster,
          namespace,
          nodeType: service ? 'service' : 'workload',
          ...(service ? { service: `app-${w}` } : { workload: `app-${w}` }),
          healthStatus: w % 17 === 0 ? 'Degraded' : 'Healthy',
        });
      }
    }
  }
  // The same graph in every run: a small generator of numbers with a fixed start.
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const pairs = new Set<string>();
  const perNamespace = sizes.nodes / sizes.clusters / sizes.namespaces;
  while (pairs.size < sizes.edges) {
    const from = random(leaves.length);
    // Most calls stay in their namespace.
    const near = random(10) < 8;
    const to = near ? from - (from % perNamespace) + random(perNamespace) : random(leaves.length);
    if (from !== to) pairs.add(`${from} ${to}`);
  }
  const edges = [...pairs].map((pair): { data: GraphEdge } => {
    const [source, target] = pair.split(' ').map((index) => leaves[Number(index)]!) as [string, string];
    const rate = 0.1 + random(2000) / 10;
    return {
      data: {
        id: `${source}>${target}`,
        source,
        target,
        healthStatus: 'Healthy',
        isMTLS: '100.0',
        traffic: { protocol: 'http', rates: { http: rate.toFixed(2), httpPercentErr: '0.0' }, responses: {} },
        ...(source.split('/')[0] === target.split('/')[0] ? {} : { crossCluster: true as const }),
      },
    };
  });
  return { timestamp: 0, duration: 300, graphType: 'workload', elements: { nodes, edges }, problems: [] };
}
