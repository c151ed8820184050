/** Mutation testing of what renewal exists for: `npm run mutation`. Its survivors are explained in docs/mutation.md. */
export default {
  mutate: ['lib/session/**/*.ts', 'lib/http/pipeline.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  coverageAnalysis: 'perTest',
  timeoutMS: 3_000,
  reporters: ['clear-text', 'progress', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.tmp/stryker',
  jsonReporter: { fileName: '.tmp/mutation/report.json' },
  htmlReporter: { fileName: '.tmp/mutation/report.html' },
};
