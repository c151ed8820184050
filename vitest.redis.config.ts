import base from './vitest.config';

/** What runs on a real Redis server. Each file starts one of its own. */
export default {
  ...base,
  test: {
    ...base.test,
    include: ['spec/redis/**/*.spec.ts'],
    exclude: [],
    globalSetup: 'spec/redis/global-setup.ts',
    // Servers are stopped, paused and filled: a busy machine would look like one of these.
    fileParallelism: false,
    // For hangs alone: the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
};
