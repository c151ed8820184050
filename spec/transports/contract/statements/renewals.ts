import { type Body, isApiError } from 'renewal';
import { firstValueFrom, forkJoin } from 'rxjs';
import type { Context, Hit, Statement } from '../context';
import { apiOf, errorOf, hitsOf, newId, path, same, signedIn, textToBase64, toBase64 } from '../tools';

const SIGNALS = ['401', '1002'] as const;

const LOGIN = { page: 'a login page', redirect: 'a redirect to a login page' } as const;

const tokensOf = (hits: readonly Hit[]): (string | undefined)[] => hits.map(({ headers }) => headers.authorization);

const form = (): FormData => {
  const data = new FormData();
  data.append('a', new Blob(['ü']));
  return data;
};

const replayed: readonly (readonly [string, () => Body, string])[] = [
  ['JSON', () => ({ ü: 1 }), textToBase64('{"ü":1}')],
  ['a view', () => Uint8Array.of(0, 1, 2).subarray(1), toBase64([1, 2])],
  ['a Blob', () => new Blob(['ü']), textToBase64('ü')],
  ['URLSearchParams', () => new URLSearchParams('a=ü'), textToBase64('a=%C3%BC')],
];

export const renewals: readonly Statement[] = [
  ...SIGNALS.flatMap((says) =>
    (['json', 'text', 'blob', 'arraybuffer'] as const).map((responseType) => ({
      title: `run behind the caller's back where an answer says ${says}, asked for as ${responseType}`,
      run: async (context: Context) => {
        const id = newId();
        const { api, refreshes } = signedIn(context);
        const url = path('guarded', { id, by: 'T2', says });
        const body = await firstValueFrom(api.get$<BodyInit>(url, { responseType }));
        const text = responseType === 'json' ? JSON.stringify(body) : await new Response(body).text();
        same(text, '{"base64":""}');
        same([tokensOf(await hitsOf(context, id)), refreshes()], [['Bearer T1', 'Bearer T2'], 1]);
      },
    })),
  ),
  ...SIGNALS.map((says) => ({
    title: `run once for many that ask at once (${says})`,
    run: async (context: Context) => {
      const id = newId();
      const { api, refreshes } = signedIn(context);
      // WebKitGTK joins identical GETs that are in flight.
      const urls = Array.from({ length: 20 }, (_, index) => path('guarded', { id, by: 'T2', says, index: `${index}` }));
      await firstValueFrom(forkJoin(urls.map((url) => api.get$(url))));
      const tokens = tokensOf(await hitsOf(context, id));
      same([refreshes(), tokens.filter((token) => token === 'Bearer T2').length], [1, 20]);
    },
  })),
  ...(['page', 'redirect'] as const).map((says) => ({
    title: `run for ${LOGIN[says]} in place of JSON, if isExpired says so`,
    run: async (context: Context) => {
      const id = newId();
      const { api, refreshes } = signedIn(context, {}, { isExpired: ({ body }) => `${body}`.includes('Sign in') });
      const body = await firstValueFrom(api.get$(path('guarded', { id, by: 'T2', says })));
      same(body, { base64: '' });
      same([tokensOf(await hitsOf(context, id)), refreshes()], [['Bearer T1', 'Bearer T2'], 1]);
    },
  })),
  {
    title: 'run if the final url says that the session is over',
    run: async (context) => {
      const { api, refreshes } = signedIn(context, {}, { isExpired: ({ url }) => new URL(url).pathname === '/login' });
      const body = await firstValueFrom(api.get$(path('guarded', { by: 'T2', says: 'redirect' })));
      same([body, refreshes()], [{ base64: '' }, 1]);
    },
  },
  {
    title: 'do not run for a page that isExpired does not know: that is a parse error',
    run: async (context) => {
      let asked = 0;
      const isExpired = () => {
        asked++;
        return false;
      };
      const { api, refreshes } = signedIn(context, {}, { isExpired });
      const { code } = await errorOf(api.get$(path('guarded', { by: 'T2', says: 'page' })));
      same([code, asked, refreshes()], ['parse', 1, 0]);
    },
  },
  ...(['json', 'text', 'blob', 'arraybuffer'] as const).map((responseType) => ({
    title: `run if text/plain says 1002, requested as ${responseType}`,
    run: async (context: Context) => {
      const id = newId();
      const { api, refreshes } = signedIn(context);
      const url = path('guarded', { id, by: 'T2', says: '1002', type: 'text/plain' });
      const body = await firstValueFrom(api.get$<BodyInit>(url, { responseType }));
      const text = responseType === 'json' ? JSON.stringify(body) : await new Response(body).text();
      same(text, '{"base64":""}');
      same([tokensOf(await hitsOf(context, id)), refreshes()], [['Bearer T1', 'Bearer T2'], 1]);
    },
  })),
  {
    title: 'send the second attempt past a cache that holds the first response',
    run: async (context) => {
      const id = newId();
      const { api, refreshes } = signedIn(context);
      const url = path('guarded', { id, by: 'T2', says: '1002', cache: 'max-age=60' });
      same(await firstValueFrom(api.get$(url)), { base64: '' });
      same([tokensOf(await hitsOf(context, id)), refreshes()], [['Bearer T1', 'Bearer T2'], 1]);
    },
  },
  ...replayed.map(([what, body, base64]) => ({
    title: `send ${what} a second time, to the byte`,
    run: async (context: Context) => {
      const { api } = signedIn(context);
      same(await firstValueFrom(api.post$(path('guarded', { by: 'T2' }), body())), { base64 });
    },
  })),
  {
    title: 'send FormData a second time',
    run: async (context) => {
      const { api } = signedIn(context);
      const { base64 } = await firstValueFrom(api.post$<{ base64: string }>(path('guarded', { by: 'T2' }), form()));
      same(atob(base64).includes('name="a"'), true, atob(base64));
    },
  },
  {
    title: 'send no stream a second time, and say so',
    run: async (context) => {
      const { stream } = context.can;
      const body = new Blob(['ü']).stream();
      const { code } = await errorOf(signedIn(context).api.post$(path('guarded', { by: 'T2' }), body));
      same(code, stream === 'sent' ? 'body-not-replayable' : stream);
    },
  },
  {
    title: 'do not run for who sends an authorization of their own, or asks for none',
    run: async (context) => {
      const { api, refreshes } = signedIn(context);
      for (const options of [{ headers: { authorization: 'Basic eDp5' } }, { auth: false }]) {
        const error = await errorOf(api.get$(path('guarded', { by: 'T2' }), options));
        same(isApiError(error, 'status') && error.status, 401);
      }
      same(refreshes(), 0);
    },
  },
  {
    title: 'leave a plain client alone',
    run: async (context) => {
      const body = await firstValueFrom(apiOf(context).get$(path('guarded', { by: 'T2', says: '1002' })));
      same(body, { code: 1002 });
    },
  },
];
