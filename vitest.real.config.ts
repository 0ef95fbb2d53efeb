import { defineConfig } from 'vitest/config';

/** Tests with upstream's Kubernetes and Istio: each file has clusters of its own, one after the other. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    globalSetup: ['test/real/build.ts'],
    fileParallelism: false,
    isolate: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
