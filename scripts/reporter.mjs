// The reporter of `npm test`: a line for each file of specs, and the first failure at once. It ends the run there,
// since later results cannot change the outcome. It writes its counts to the file that RENEWAL_COUNTS names.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const SHOWN_PLACES = 8;

const pathOf = (file) => relative(process.cwd(), file);
const nameOf = (task) => `${pathOf(task.module.moduleId)} > ${task.fullName}`;
const secondsSince = (ms) => ((performance.now() - ms) / 1000).toFixed(1);

const describeError = ({ name = 'Error', message, diff, stacks = [], stack = '' }) => {
  const places = stacks.map(({ file, line, column }) => `  at ${pathOf(file)}:${line}:${column}`);
  return [`${name}: ${message}`, diff, ...(places.length > 0 ? places.slice(0, SHOWN_PLACES) : [stack])]
    .filter(Boolean)
    .join('\n');
};

export default class Reporter {
  #startedMs = performance.now();
  #counts = { passed: 0, failed: 0, skipped: 0 };

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state === 'failed') this.#fail(nameOf(test), errors);
    else this.#counts[state === 'passed' ? 'passed' : 'skipped']++;
  }

  /** Its hooks have failed. */
  onTestSuiteResult(group) {
    const errors = group.errors();
    if (errors.length > 0) this.#fail(nameOf(group), errors);
  }

  onTestModuleEnd(file) {
    const errors = file.errors();
    // The file failed to load, or its hooks have failed.
    if (errors.length > 0) this.#fail(pathOf(file.moduleId), errors);
    const tests = [...file.children.allTests()].length;
    const { duration } = file.diagnostic();
    const seconds = (duration / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${seconds} s  ${pathOf(file.moduleId)} (${tests})\n`);
  }

  onTestRunEnd(_files, errors) {
    if (errors.length > 0) this.#fail('an error outside of all tests', errors);
    this.#save();
  }

  #save() {
    const { RENEWAL_COUNTS } = process.env;
    if (RENEWAL_COUNTS) writeFileSync(RENEWAL_COUNTS, JSON.stringify(this.#counts));
  }

  #fail(name, errors) {
    this.#counts.failed++;
    this.#save();
    const after = secondsSince(this.#startedMs);
    // A log has no colours, but a message or a diff may contain some.
    const text = stripVTControlCharacters(errors.map(describeError).join('\n\n'));
    process.stdout.write(`\nFAIL ${name}, after ${after} s\n${text}\n`);
    process.exit(1);
  }
}
