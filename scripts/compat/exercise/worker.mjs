// The exercise as a worker of workerd: the address of the server is the query, the results are the answer.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecksWithoutXhr } from './run.mjs';

export default {
  async fetch(request) {
    const origin = decodeURIComponent(new URL(request.url).search.slice(1));
    return Response.json(await runChecksWithoutXhr({ renewal, rxjs, origin }));
  },
};
