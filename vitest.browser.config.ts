import base from './vitest.config';

/** What runs in a real browser. Each spec starts one, and has its machine to itself. */
export default {
  ...base,
  test: {
    ...base.test,
    include: ['spec/browser/**/*.spec.ts'],
    exclude: [],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
};
