// Test frameworks and their environments run the exercise as tests, and some a sample of docs/testing.md, with the
// pinned Node.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { install, versionsOf } from './cache.mjs';
import { copyExercise, tally } from './exercise/results.mjs';
import { startServer } from './exercise/server.mjs';
import { nodeBinary, nodeVersion } from './node.mjs';
import { run } from './process.mjs';
import { makeConsumer, root } from './tarball.mjs';

const NODE = 24;

/** The test that docs/testing.md shows for each framework, and the time that it may take. */
const SAMPLE = 'shows a page although its token expires in the middle';
const SAMPLE_MAX_MS = 50;

const both = ['ajaxTransport', 'fetchTransport'];

/** The transports that each environment can test, and its documented limits. */
const environments = {
  'vitest-jsdom': { transports: both },
  'vitest-happy-dom': { transports: both },
  'jest-node': { transports: both },
  'jest-jsdom': {
    transports: ['ajaxTransport'],
    // its scope has no fetch and no TextDecoder, and only a FileReader can read its blobs
    limits: {
      'ajaxTransport: a blob that says code 1002 is a reason to refresh': /the bytes: expected/,
      'ajaxTransport: an arraybuffer that says code 1002 is a reason to refresh': /the bytes: expected/,
      'ajaxTransport: a form is sent with its boundary': /InvalidRequestError/,
      'ajaxTransport: a form is sent again after a refresh, byte for byte': /InvalidRequestError/,
      'ajaxTransport: a blob is sent with its type': /InvalidRequestError/,
    },
  },
};

/** Reads the report, in the common format of Jest and Vitest. */
async function readReport(path, { code, stdout, stderr }) {
  if (!existsSync(path)) return [{ title: 'the run', error: `ended with ${code}\n${stdout}${stderr}` }];
  const { testResults } = JSON.parse(await readFile(path, 'utf8'));
  const results = testResults.flatMap(({ assertionResults, message }) =>
    assertionResults.length === 0
      ? [{ title: 'the file', error: message || 'it has no test' }]
      : assertionResults.map(({ title, status, failureMessages, duration }) => ({
          title,
          ...(status !== 'passed' && { error: failureMessages.join('\n') || status }),
          ...(title === SAMPLE && duration >= SAMPLE_MAX_MS && { error: `it took ${duration} ms` }),
        })),
  );
  const isRed = results.some(({ error }) => error !== undefined);
  return code === 0 || isRed ? results : [...results, { title: 'the run', error: `ended with ${code}\n${stderr}` }];
}

/** Runs a framework in a project that has the tarball installed, against its own server. */
async function runTests(folder, args, { transports, limits }, say) {
  const server = await startServer();
  const node = await nodeBinary(NODE);
  const report = join(folder, 'report.json');
  const env = { RENEWAL_ORIGIN: server.origin, RENEWAL_TRANSPORTS: transports.join(',') };
  const outcome = await run(node, args(report), { cwd: folder, env, timeoutMs: 300_000 });
  server.close();
  const ran = `exercise by ${transports.length === 2 ? 'both transports' : transports[0]}`;
  return { ...tally(await readReport(report, outcome), say, { limits }), ran };
}

export async function vitest(environment, say) {
  const tools = join(await install('vitest'), 'node_modules');
  const versions = await versionsOf('vitest');
  const folder = await makeConsumer(`vitest-${environment}`);
  await copyExercise(folder);
  const test = { environment, globals: true, include: ['framework.spec.mjs'] };
  await writeFile(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify({ test })};`);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const args = (report) => [join(tools, 'vitest/vitest.mjs'), 'run', '--reporter=json', `--outputFile=${report}`];
  const counted = await runTests(folder, args, environments[`vitest-${environment}`], say);
  return { version: `vitest ${versions.vitest}, ${environment} ${versions[environment]}`, ...counted };
}

/** Bundles a sample of docs/testing.md with its app, beside the package, for a project that has the tarball. */
const buildSample = (name, outfile, external = []) =>
  build({
    absWorkingDir: root,
    entryPoints: [`examples/testing/${name}`],
    outfile,
    bundle: true,
    platform: 'node',
    format: outfile.endsWith('.cjs') ? 'cjs' : 'esm',
    external: ['renewal', 'renewal/*', 'rxjs', ...external],
    // the paths of tsconfig.json lead to the sources
    tsconfigRaw: {},
    logLevel: 'silent',
  });

/**
 * Jest runs CommonJS by default, so the tests are translated. Its jsdom has no `fetch`. The sample runs without jsdom
 * only.
 */
export async function jest(environment, say) {
  const tools = join(await install('jest'), 'node_modules');
  const versions = await versionsOf('jest');
  const folder = await makeConsumer(`jest-${environment}`);
  await copyExercise(folder);
  await build({
    absWorkingDir: folder,
    entryPoints: ['framework.spec.mjs'],
    outfile: join(folder, 'framework.spec.cjs'),
    bundle: true,
    format: 'cjs',
    external: ['renewal', 'rxjs'],
    logLevel: 'silent',
  });
  if (environment === 'node') await buildSample('jest.test.js', join(folder, 'sample.spec.cjs'), ['@jest/globals']);
  const config = {
    rootDir: folder,
    testEnvironment: join(tools, `jest-environment-${environment}`),
    testMatch: ['**/*.spec.cjs'],
    transform: {},
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const args = (report) => [
    join(tools, 'jest/bin/jest.js'),
    ...['--config', JSON.stringify(config), '--json', `--outputFile=${report}`, '--watchman=false'],
  ];
  const counted = await runTests(folder, args, environments[`jest-${environment}`], say);
  return { version: `jest ${versions.jest}`, ...counted };
}

/** The sample of docs/testing.md for `node:test`, whose timers are those of the pinned Node. */
export async function nodeTest(say) {
  const folder = await makeConsumer('node-test');
  await buildSample('node.test.ts', join(folder, 'sample.test.mjs'));
  const node = await nodeBinary(NODE);
  const args = ['--test', '--test-reporter=tap', 'sample.test.mjs'];
  const { code, stdout, stderr } = await run(node, args, { cwd: folder, timeoutMs: 60_000 });
  const results = [...stdout.matchAll(/^(not )?ok \d+ - (.*)$/gm)].map(([, not, title]) => ({
    title,
    ...((not || /# SKIP/.test(title)) && { error: stdout }),
  }));
  const counted = tally(
    code === 0 ? results : [...results, { title: 'the run', error: `ended with ${code}\n${stderr}` }],
    say,
  );
  return { version: await nodeVersion(NODE), ran: 'the sample of docs/testing.md', ...counted };
}
