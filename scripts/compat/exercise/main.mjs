// The exercise as a program: its argument is the address of the server, its output is one line of results.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecks } from './run.mjs';

const origin = globalThis.Deno?.args[0] ?? process.argv[2];
const results = await runChecks({ renewal, rxjs, origin });
console.log(JSON.stringify(results));
// Deno stays alive after a request of `node:http` is aborted on a reused connection
globalThis.Deno?.exit(0);
