/** One running mesh for the files that read it or break and mend it. Files that need an empty machine make their own. */
import type { TestProject } from 'vitest/node';
import { isthmus, temporaryHome } from '../support/isthmus.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    home: string;
    upOutput: string;
    /** Bytes of all that runs, as `up` left it: what tests do to a mesh later makes heaps grow. */
    memoryTotal: number;
  }
}

export default async function setup(project: TestProject) {
  const scope = temporaryHome();
  const up = await isthmus(['up'], { home: scope.home, timeoutMs: 240_000 });
  if (up.code !== 0) {
    console.error(up.stdout, up.stderr);
    await scope[Symbol.asyncDispose]();
    throw new Error(`isthmus up ended with code ${up.code}; its output is above`);
  }
  project.provide('home', scope.home);
  project.provide('upOutput', up.stdout + up.stderr);
  const status = await isthmus(['status', '-o', 'json'], { home: scope.home });
  project.provide('memoryTotal', JSON.parse(status.stdout).memoryTotal);
  return () => scope[Symbol.asyncDispose]();
}
