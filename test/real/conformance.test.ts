/** The same requests to upstream's kube-apiserver and to ours: what differs is explained in docs/kubernetes-compatibility.md, or a fault. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, play } from '../conformance/exchange.ts';
import { scenarios } from '../conformance/scenarios/index.ts';
import { startUpstreamApiServer, type UpstreamApiServer } from '../conformance/upstream-api-server.ts';
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts';
import { root } from '../support/isthmus.ts';
import { ensureBinaries } from './support/binaries.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-conformance-'));
let upstream: UpstreamApiServer;
let isthmus: TestApiServer;

beforeAll(async () => {
  upstream = await startUpstreamApiServer(
    await ensureBinaries(['etcd', 'kube-apiserver'], console.log),
    join(folder, 'upstream'),
  );
  isthmus = await startTestApiServer({ folder });
});

afterAll(async () => {
  await isthmus?.stop();
  await upstream?.stop();
  rmSync(folder, { recursive: true });
});

/** The patterns of the tables in the document: each is a regular expression on the path of a difference. */
const explained = [
  ...readFileSync(join(root, 'docs/kubernetes-compatibility.md'), 'utf8').matchAll(/^\| `([^`]+)` \|/gm),
].map(([, pattern]) => new RegExp(pattern!.replaceAll('\\|', '|')));

describe('our API server answers as kube-apiserver does', () => {
  test.each(scenarios)('$name', async (scenario) => {
    const [theirs, ours] = await Promise.all([play(upstream.client, scenario), play(isthmus.client, scenario)]);
    const unexplained = differences(scenario, theirs, ours).filter(
      ({ path }) => !explained.some((pattern) => pattern.test(path)),
    );
    expect(unexplained).toEqual([]);
  });
});
