import base from './vitest.config';

const { BROWSER = 'chromium' } = process.env;

/** What runs in a real browser. Each spec starts one, and has its machine to itself. */
export default {
  ...base,
  test: {
    ...base.test,
    // Pages are looked at, and tabs are stopped, in Chromium only.
    include:
      BROWSER === 'chromium'
        ? ['spec/browser/**/*.spec.ts']
        : ['spec/browser/contract.spec.ts', 'spec/browser/tabs/*.spec.ts'],
    exclude: [],
    fileParallelism: false,
    // Each profile of WebKitGTK is a browser of its own, with a process for each tab.
    maxConcurrency: BROWSER === 'webkit' ? 2 : 5,
    // Hidden tabs of Firefox have their timers stretched to a second.
    testTimeout: BROWSER === 'chromium' ? 30_000 : 60_000,
    hookTimeout: 60_000,
  },
};
