// The transport contract and the tab specs in real browsers from Debian, which are installed on demand.
import { existsSync } from 'node:fs';
import { output, run } from './process.mjs';
import { runVitest } from './suites/vitest.mjs';
import { root, tarball } from './tarball.mjs';

/** The first package determines the version; each contains one of the programs. */
const BROWSERS = {
  chromium: { packages: ['chromium'], programs: ['chromium'] },
  firefox: { packages: ['firefox-esr'], programs: ['firefox-esr'] },
  webkit: { packages: ['webkit2gtk-driver', 'xvfb', 'xdotool'], programs: ['WebKitWebDriver', 'Xvfb', 'xdotool'] },
};

async function install({ packages, programs }) {
  if (programs.every((name) => existsSync(`/usr/bin/${name}`))) return;
  await output('apt-get', ['update']);
  await output('apt-get', ['install', '-y', '--no-install-recommends', ...packages]);
}

/** The version in Debian's numbering, without Debian's suffix. */
async function versionOf({ packages: [name] }) {
  const { stdout } = await run('dpkg-query', ['--show', name]);
  const [, version = ''] = stdout.split('\t');
  return version.replace(/^\d+:/, '').replace(/(esr)?[-~+].*$/s, '');
}

/** Runs the specs for browsers in one of them. */
export async function browser(name, say) {
  await install(BROWSERS[name]);
  const args = ['--config', 'vitest.browser.config.ts'];
  const counted = await runVitest(process.execPath, root, args, say, {
    BROWSER: name,
    RENEWAL_PACKAGE: await tarball(),
  });
  const ran = name === 'chromium' ? 'transport contract, tabs and pages' : 'transport contract and tabs';
  return { version: await versionOf(BROWSERS[name]), ran, ...counted };
}
