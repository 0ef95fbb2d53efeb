/** A page of the console as a test opens it: what the browser complains of is kept, and what is seen is written down as a picture. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { eventually } from './isthmus.ts';

const pictures = join(import.meta.dirname, '../../test-output/console');

export interface OpenPage {
  page: Page;
  /** Errors of scripts, of the content security policy, and of what could not be loaded. */
  complaints: string[];
  /** Keeps a picture as test-output/console/NAME.png. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
}

/** A console bundles its pages when it starts, and says so with a 503 until they are there. */
async function pagesAreMade(url: string): Promise<void> {
  await eventually('the pages are made', async () => {
    const { status } = await fetch(url);
    return status === 503 ? { seen: '503' } : { value: true };
  });
}

/** Opens an address and waits for its heading. */
export async function openPage(browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenPage> {
  await pagesAreMade(url);
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1500, height: options.height ?? 950 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
  });
  await page.goto(url);
  await page.locator('h1, h2').first().waitFor();
  return {
    page,
    complaints,
    picture: async (name) => {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`) });
    },
    close: () => context.close(),
  };
}

/** Fails with what axe finds against WCAG 2.1 AA, each with the element it is of. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze();
  const told = violations.flatMap((violation) =>
    violation.nodes.slice(0, 5).map((node) => `${violation.id}: ${node.failureSummary} at ${node.html.slice(0, 200)}`),
  );
  expect(told).toEqual([]);
}
