import { defineConfig } from 'vitest/config';

/** The console in a browser: one page after the other, since the machine is small and a browser is not. */
export default defineConfig({
  test: {
    include: ['test/console/**/*.test.ts'],
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
