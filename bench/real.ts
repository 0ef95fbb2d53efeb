/**
 * The same mesh on upstream's Kubernetes and on the embedded engine, under Istio's control plane and under ours, in one run: from no clusters
 * to verified, and from an endpoint's change to the first answer of it. On its own: `node bench/real.ts`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { binaryNames, ensureBinaries } from '../test/real/support/binaries.ts';
import { meshFile, pilotImage, pilotProgram, startRealWorld } from '../test/real/support/real-world.ts';
import { isthmus } from '../test/support/isthmus.ts';
import { endpointChange } from './endpoint-change.ts';
import { meshAt, timed } from './mesh.ts';

const binaries = await ensureBinaries(binaryNames, console.error);
const quick = { pilot: { env: { PILOT_DEBOUNCE_AFTER: '10ms' } } };
const istio = (values: Record<string, unknown> = {}) => ({
  ...{ implementation: 'istio', program: binaries.istioctl, envoy: 'upstream', values },
});

interface Figure {
  kubernetes: string;
  istiod: string;
  clusters: string;
  mesh: string;
  change: string;
}

const figures: Figure[] = [
  { kubernetes: 'upstream', istiod: "Istio's", ...(await onUpstream('istio', istio())) },
  { kubernetes: 'upstream', istiod: "Istio's, 10 ms debounce", ...(await onUpstream('istio', istio(quick))) },
  { kubernetes: 'upstream', istiod: 'ours', ...(await onUpstream('isthmus', 'isthmus')) },
  { kubernetes: 'embedded', istiod: "Istio's", ...(await embedded(istio())) },
  { kubernetes: 'embedded', istiod: 'ours', ...(await embedded('isthmus')) },
];
console.log(`# Upstream and ours, on ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}\n`);
console.log(
  '| Kubernetes | istiod | clusters ready | mesh verified after | endpoint change: least, median, 90 %, most |',
);
console.log('|---|---|---|---|---|');
for (const { kubernetes, istiod, clusters, mesh, change } of figures)
  console.log(`| ${kubernetes} | ${istiod} | ${clusters} | ${mesh} | ${change} |`);
process.exit(0);

type Measured = Pick<Figure, 'clusters' | 'mesh' | 'change'>;

/** Clusters stand empty before `up` begins. */
async function onUpstream(istiod: 'istio' | 'isthmus', controlPlane: unknown): Promise<Measured> {
  await using world = await startRealWorld(istiod);
  await using state = stateFor(meshFile(world, controlPlane));
  const seconds = await timed(['up', '-f', state.file], state.home);
  return {
    clusters: `${(world.startedInMs / 1000).toFixed(1)} s`,
    mesh: `${seconds.toFixed(1)} s`,
    change: await changeAt(world.folder),
  };
}

/** `up` starts the clusters too. */
async function embedded(controlPlane: unknown): Promise<Measured> {
  await using state = stateFor(
    stringify({
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'bench' },
      spec: {
        clusters: [
          { name: 'east', network: 'network1', role: 'primary' },
          { name: 'west', network: 'network2', role: 'remote', primary: 'east' },
        ],
        controlPlane,
        ...(controlPlane === 'isthmus' ? {} : { images: { [pilotImage]: pilotProgram(binaries) } }),
      },
    }),
  );
  const seconds = await timed(['up', '-f', state.file], state.home);
  return { clusters: 'in the next', mesh: `${seconds.toFixed(1)} s`, change: await changeAt(state.home) };
}

/** The last line of the table that the figure prints, without the number of rounds. */
async function changeAt(folder: string): Promise<string> {
  const lines = await endpointChange(meshAt(folder));
  return (lines.at(-1) ?? '')
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
    .join(', ');
}

function stateFor(text: string): AsyncDisposable & { home: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-bench-'));
  const home = join(folder, 'home');
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, text);
  return {
    home,
    file,
    async [Symbol.asyncDispose]() {
      await isthmus(['down'], { home, timeoutMs: 180_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
