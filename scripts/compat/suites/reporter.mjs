// Prints each failing test when it fails, and writes the counts to a file at the end. The run continues, since each
// failure is wanted.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const pathOf = ({ moduleId }) => relative(process.cwd(), moduleId);
const titleOf = (task) => `${pathOf(task.module)} > ${task.fullName}`;
const describeError = ({ stack, message }) => (stack ?? message ?? '').split('\n').slice(0, 6).join('\n    ');

export default class {
  counts = { passed: 0, failed: 0, skipped: 0 };
  failures = [];

  fail(title, errors) {
    this.counts.failed += 1;
    this.failures.push(title);
    process.stdout.write(`FAILED ${title}\n    ${errors.map(describeError).join('\n    ')}\n`);
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state === 'failed') this.fail(titleOf(test), errors);
    else this.counts[state === 'passed' ? 'passed' : 'skipped'] += 1;
  }

  /** The hooks of a group have failed. */
  onTestSuiteResult(group) {
    const errors = group.errors();
    if (errors.length > 0) this.fail(titleOf(group), errors);
  }

  /** The file failed to load, or its hooks have failed. */
  onTestModuleEnd(file) {
    const errors = file.errors();
    if (errors.length > 0) this.fail(pathOf(file), errors);
  }

  onTestRunEnd(_files, errors) {
    if (errors.length > 0) this.fail('an error outside of all tests', errors);
    writeFileSync(process.env.RENEWAL_COMPAT_REPORT, JSON.stringify({ ...this.counts, failures: this.failures }));
  }
}
