import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecks } from './run.mjs';

globalThis.onmessage = async ({ data: origin }) => {
  globalThis.postMessage(await runChecks({ renewal, rxjs, origin }));
};
