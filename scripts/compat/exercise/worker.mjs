// The exercise as a worker of workerd: the query is the address of the server, the response has the results.
import * as renewal from 'renewal';
import * as rxjs from 'rxjs';
import { runChecksWithoutXhr } from './run.mjs';

export default {
  async fetch(request) {
    const origin = decodeURIComponent(new URL(request.url).search.slice(1));
    return Response.json(await runChecksWithoutXhr({ renewal, rxjs, origin }));
  },
};
