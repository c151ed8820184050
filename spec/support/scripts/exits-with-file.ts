// Sends requests with a session in a file, and ends by itself: `origin path`. Prints how long nothing was left to do.
import { createApi, createSession, type TokenGrant } from 'renewal';
import { fileStore } from 'renewal/node';
import { firstValueFrom } from 'rxjs';
import { REFRESH } from '../server';

const [origin = '', path = ''] = process.argv.slice(2);
const http = createApi({ baseUrl: origin });
const session = createSession({
  store: fileStore({ path }),
  refresh: ({ refreshToken }) => http.post$<TokenGrant>(REFRESH, { refreshToken }),
});
const api = http.extend({ session });
const results = await Promise.allSettled(['/a', '/b', '/c'].map((each) => firstValueFrom(api.get$(each))));
const doneAtMs = performance.now();
process.on('exit', () => {
  const waitedMs = performance.now() - doneAtMs;
  process.stdout.write(JSON.stringify({ results: results.map(({ status }) => status), waitedMs }));
});
