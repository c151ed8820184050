// Says which test failed at the moment it fails, and leaves the counts in a file at the end.
import { appendFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const say = (title, errors) => {
  const messages = errors.map((error) =>
    (error.stack ?? error.message ?? `${error}`).split('\n').slice(0, 6).join('\n    '),
  );
  process.stdout.write(`FAILED ${title}\n    ${messages.join('\n    ')}\n`);
};

export default class {
  counts = { passed: 0, failed: 0, skipped: 0 };
  failures = [];

  fail(title, errors) {
    this.counts.failed += 1;
    this.failures.push(title);
    say(title, errors);
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    const title = `${relative(process.cwd(), test.module.moduleId)} > ${test.fullName}`;
    if (state === 'failed') this.fail(title, errors);
    else this.counts[state] += 1;
  }

  onTestModuleEnd(module) {
    if (process.env.RENEWAL_COMPAT_TIMES)
      appendFileSync(
        process.env.RENEWAL_COMPAT_TIMES,
        `${module.diagnostic().duration.toFixed(0)} ${relative(process.cwd(), module.moduleId)}\n`,
      );
    const errors = module.errors();
    if (errors.length > 0) this.fail(relative(process.cwd(), module.moduleId), errors);
  }

  onTestRunEnd(_modules, unhandled) {
    if (unhandled.length > 0) this.fail('an error that nothing has caught', unhandled);
    writeFileSync(process.env.RENEWAL_COMPAT_REPORT, JSON.stringify({ ...this.counts, failures: this.failures }));
  }
}
