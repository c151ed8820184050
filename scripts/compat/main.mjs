// Runs the packed tarball in every supported environment.
//
//   npm run compat                    everything; writes docs/compatibility.md
//   npm run compat -- node-24 bun     some targets
//   npm run compat -- --ci            the targets that each change has to pass
//
// RENEWAL_COMPAT_CACHE: the folder of the tools. RENEWAL_COMPAT_TARBALL: an existing tarball.
import { writeDocument } from './document.mjs';
import { killAll } from './process.mjs';
import { removeFolders } from './tarball.mjs';
import { targets } from './targets.mjs';

/** The targets that the arguments name. */
function choose(args) {
  const names = args.filter((argument) => !argument.startsWith('--'));
  const flags = args.filter((argument) => argument.startsWith('--'));
  const known = targets.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || flags.some((flag) => flag !== '--ci')) {
    process.stderr.write(`targets: expected some of ${known.join(', ')}; or --ci\n`);
    process.exit(2);
  }
  const ci = flags.includes('--ci');
  if (names.length > 0) return { ci, chosen: targets.filter(({ name }) => names.includes(name)) };
  return { ci, chosen: ci ? targets.filter((target) => target.ci) : targets };
}

const say = (line) => process.stdout.write(`${line}\n`);

/** Runs one target. An error is a failure of that target: the others still run. */
async function runTarget(target, options) {
  const startedAt = performance.now();
  const counted = await target.run(say, options).catch((error) => {
    say(`FAILED ${target.name}\n    ${error.stack ?? error}`);
    return { version: '', ran: '', passed: 0, failed: 1, skipped: 0, failures: [`${target.name}: ${error.message}`] };
  });
  // a target that ran no check has proved nothing
  const failed = counted.failed + Number(counted.passed + counted.failed === 0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const counts = `${counted.passed} passed, ${failed} failed, ${counted.skipped} skipped`;
  say(`${target.name}  ${counted.version}  ${counted.ran}: ${counts}  (${seconds} s)`);
  return { ...target, ...counted, failed };
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    killAll();
    removeFolders().finally(() => process.kill(process.pid, signal));
  });
}

const { ci, chosen } = choose(process.argv.slice(2));
const results = [];
try {
  for (const target of chosen) results.push(await runTarget(target, { ci }));
} finally {
  await removeFolders();
}
if (chosen.length === targets.length) await writeDocument(results);

const count = (key) => results.reduce((total, result) => total + result[key], 0);
const failures = results.flatMap(({ name, failures }) =>
  failures.map((failure) => `${name}: ${failure.split('\n')[0]}`),
);
if (failures.length > 0) say(`\nWhat failed:\n${failures.join('\n')}`);
say(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exitCode = results.some(({ failed }) => failed > 0) ? 1 : 0;
