import { defineConfig } from 'vitest/config';

/** Tests on a running mesh: one after the other, since they share a machine and each measures it. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: ['test/e2e/mesh.ts'],
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
