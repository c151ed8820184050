// The exercise as a program: the address of the server is its argument, the results are the one line that it writes.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecks } from './run.mjs';

const origin = globalThis.Deno?.args[0] ?? process.argv[2];
const results = await runChecks({ renewal, rxjs, origin });
console.log(JSON.stringify(results));
// Deno stays alive if a request of `node:http` was aborted on a connection that had been used before
globalThis.Deno?.exit(0);
