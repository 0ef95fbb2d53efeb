import { defineConfig } from 'vitest/config';

/** The console in a browser, on planted answers and on a running mesh: one after the other, since the machine is small and a browser is not. */
export default defineConfig({
  test: {
    include: ['test/console/**/*.test.ts'],
    globalSetup: ['test/e2e/mesh.ts'],
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
