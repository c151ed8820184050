// The exercise as a CommonJS program, which has no top-level await.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecks } from './run.mjs';

runChecks({ renewal, rxjs, origin: process.argv[2] }).then((results) => {
  console.log(JSON.stringify(results));
});
