// The exercise in a page, and in a worker of that page: the test calls `exerciseIn` with the address of the server.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecks } from './run.mjs';

const inPage = (origin) => runChecks({ renewal, rxjs, origin });

/** Bundlers emit a worker file for this expression. */
const inWorker = (origin) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./page-worker.mjs', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message || 'the worker could not be loaded'));
    worker.postMessage(origin);
  });

globalThis.exerciseIn = { page: inPage, worker: inWorker };
