// The exercise as a program that was bundled without the condition `node`: it contains no XMLHttpRequest.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecksWithoutXhr } from './run.mjs';

console.log(JSON.stringify(await runChecksWithoutXhr({ renewal, rxjs, origin: process.argv[2] })));
