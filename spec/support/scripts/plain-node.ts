// Loads and uses renewal in a Node without any browser global; prints the results.
import type * as Renewal from 'renewal';
import { lastValueFrom } from 'rxjs';

const BROWSER = ['window', 'document', 'self', 'location', 'navigator', 'localStorage', 'sessionStorage'] as const;
const PLATFORM = ['XMLHttpRequest', 'fetch', 'addEventListener', 'removeEventListener', 'BroadcastChannel'] as const;

for (const name of [...BROWSER, ...PLATFORM]) Reflect.deleteProperty(globalThis, name);

const [origin = '', accessToken = '', refreshToken = ''] = process.argv.slice(2);

const run = async ({ createApi, createSession, webStorageStore }: typeof Renewal) => {
  const http = createApi({ baseUrl: origin });
  const session = createSession({
    store: webStorageStore(),
    refresh: (tokens) =>
      http.post$<Renewal.TokenGrant>('/renewal', { refreshToken: tokens.refreshToken }, { auth: false }),
  });
  const api = http.extend({ session });
  const warnings: string[] = [];
  api.events$.subscribe((event) => event.type === 'warning' && warnings.push(event.message));
  await session.signIn({ accessToken, refreshToken });
  const fresh = session.keepFresh$().subscribe();
  const body = await lastValueFrom(api.get$('/orders'));
  fresh.unsubscribe();
  return { body, warnings };
};

import('renewal').then(run).then((said) => process.stdout.write(JSON.stringify(said)));
