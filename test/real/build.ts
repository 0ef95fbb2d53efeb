/** Builds what the cache does not hold, before any test begins. A program that cannot be built fails the run. */
import { binaryNames, ensureBinaries } from './support/binaries.ts';

export default async function setup(): Promise<void> {
  await ensureBinaries(binaryNames, console.log);
}
