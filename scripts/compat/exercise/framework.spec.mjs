// The exercise as tests of a framework. `test` is a global of Jest and Vitest; the environment names the transports.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { checks } from './checks.mjs';
import { transportsOf } from './run.mjs';

const { RENEWAL_ORIGIN: origin, RENEWAL_TRANSPORTS: names } = process.env;

for (const name of names.split(',')) {
  for (const [title, check] of Object.entries(checks)) {
    test(`${name}: ${title}`, () => check({ renewal, rxjs, origin, transport: transportsOf(renewal)[name] }), 15_000);
  }
}
