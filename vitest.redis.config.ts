import base from './vitest.config';

/** What runs on a real Redis server. Each file starts one of its own. */
export default {
  ...base,
  test: {
    ...base.test,
    include: ['spec/redis/**/*.spec.ts'],
    exclude: [],
    // Servers are stopped, paused and filled: a busy machine would look like one of these.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
};
