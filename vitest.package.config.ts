import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['spec/package/**/*.spec.ts'],
    globalSetup: 'spec/package/support/install.ts',
    // each spec starts compilers and bundlers of its own: side by side they only slow one another down
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
