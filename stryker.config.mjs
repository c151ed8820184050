const { MUTATION_PART: part, MUTATION_SPECS: specs, MUTATION_RANGES: ranges } = process.env;
const report = `.tmp/mutation/${part}-${specs}`;

/** One pass of mutation testing; `npm run mutation` makes two for each part of `lib`. */
export default {
  mutate: ranges ? JSON.parse(ranges) : [`lib/${part}/**/*.ts`],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  coverageAnalysis: 'perTest',
  timeoutMS: 3_000,
  reporters: ['progress', 'json', 'html'],
  tempDirName: `.tmp/stryker-${part}`,
  jsonReporter: { fileName: `${report}.json` },
  htmlReporter: { fileName: `${report}.html` },
};
