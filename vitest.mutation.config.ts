import base from './vitest.config';

/** What mutants are tested with: the specs of the library itself, without those that start a child process or read the repository. */
export default {
  ...base,
  test: {
    ...base.test,
    include: ['spec/{http,session,platform,stores,scenarios}/**/*.spec.ts', 'spec/api.spec.ts'],
    sequence: { shuffle: false },
  },
};
