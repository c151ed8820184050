// Runs the contract of the transports and the specs of tabs in Firefox or in WebKitGTK:
// `node scripts/browsers.mjs firefox|webkit [--install] [arguments of vitest]`. With --install it installs the Debian
// packages that are missing. The last line counts the tests that ran.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';

const inPath = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
const hasLibrary = (file) =>
  existsSync(LIBRARIES) && readdirSync(LIBRARIES).some((folder) => existsSync(join(LIBRARIES, folder, file)));
const versionOf = (command, ...args) => spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim();
const packageVersion = (name) => versionOf('dpkg-query', '--show', `--showformat=\${Version}`, name);

/** The programs that each browser needs, by the Debian package that contains them. */
const BROWSERS = {
  firefox: {
    needs: { 'firefox-esr': () => existsSync(process.env.FIREFOX ?? '/usr/bin/firefox-esr') },
    version: () => versionOf(process.env.FIREFOX ?? '/usr/bin/firefox-esr', '--version'),
  },
  webkit: {
    needs: {
      'webkit2gtk-driver': () => inPath('WebKitWebDriver') && hasLibrary('webkit2gtk-4.1/MiniBrowser'),
      xvfb: () => inPath('Xvfb'),
      xdotool: () => inPath('xdotool'),
      'libnss-wrapper': () => hasLibrary('libnss_wrapper.so'),
    },
    version: () => `WebKitGTK ${packageVersion('webkit2gtk-driver')}`,
  },
};

const [name, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(BROWSERS, name ?? '')) {
  process.stderr.write(`expected the name of a browser: ${Object.keys(BROWSERS).join(' or ')}\n`);
  process.exit(2);
}
const { needs, version } = BROWSERS[name];
const missing = () => Object.keys(needs).filter((name) => !needs[name]());

const apt = (...args) => {
  const { status, stdout, stderr, error } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) process.stdout.write(`apt-get ${args[0]}: ${error?.message ?? `${stdout}${stderr}`}\n`);
  return status === 0;
};

const close = ({ passed, failed, skipped }, code) => {
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exit(code);
};

if (rest.includes('--install') && missing().length > 0)
  apt('update') && apt('install', '-y', '--no-install-recommends', ...missing());

if (missing().length > 0) {
  const why = `missing Debian packages: ${missing().join(' ')} (--install installs them)`;
  // A developer's machine may lack a browser; CI runs every browser that it is asked for.
  const isAsked = rest.includes('--install') || process.env.CI === 'true';
  process.stdout.write(`${name}: ${isAsked ? 'failed' : 'left out'}: ${why}\n`);
  close({ passed: 0, failed: isAsked ? 1 : 0, skipped: 0 }, isAsked ? 1 : 0);
}

process.stdout.write(`${name}: ${version()}\n`);
const folder = await mkdtemp(join(tmpdir(), 'renewal-browsers-'));
const report = join(folder, 'report.json');
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config=vitest.browser.config.ts',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...rest.filter((argument) => argument !== '--install'),
  ],
  { stdio: 'inherit', env: { ...process.env, BROWSER: name } },
);

/** A file that failed to load, or whose set-up failed, counts as a failure although none of its tests failed. */
const broke = ({ status, assertionResults }) =>
  status === 'failed' && assertionResults.every((test) => test.status !== 'failed');
const { testResults: files = [] } = JSON.parse(await readFile(report, 'utf8').catch(() => '{}'));
await rm(folder, { recursive: true });
const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
const failed = tests.filter((test) => test.status === 'failed').length;
const total = {
  passed,
  failed: failed + files.filter(broke).length,
  skipped: tests.length - passed - failed,
};
// A suite that ran no test has proved nothing.
close(total, status === 0 && passed > 0 ? 0 : 1);
