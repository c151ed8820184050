import type { Body } from 'renewal';
import { firstValueFrom, type Observable, Subject, takeUntil, tap } from 'rxjs';
import type { Context, Statement } from '../context';
import { apiOf, errorOf, hitsOf, holds, newId, path, same, until } from '../tools';

const form = (): FormData => {
  const data = new FormData();
  data.append('hidden', 'hidden');
  return data;
};

const TYPES = ['json', 'text', 'blob', 'arraybuffer'] as const;

/** Subscribes to a request until the returned function is called. */
const start = (request$: Observable<unknown>): (() => void) => {
  const stop$ = new Subject<void>();
  request$.pipe(takeUntil(stop$)).subscribe({ next: () => {}, error: () => {} });
  return () => stop$.next();
};

const broken = ['content-length', 'transfer-encoding'].flatMap((framing) =>
  [200, 404, 500].map((status) => [framing, status] as const),
);

/** One of each kind: what has to be read before it is sent may hide what is wrong beside it. */
const bodies: readonly (() => Body)[] = [() => ({ hidden: 1 }), () => 'hidden', () => new Blob(['hidden']), form];

const refused: readonly (readonly [string, Record<string, string>])[] = [
  ['of two lines', { 'x-a': 'hidden\nx-b: c' }],
  ['that cannot travel', { 'x-a': 'hidden č' }],
  ['whose name is none', { 'x a': 'hidden' }],
  ['whose name is empty', { '': 'hidden' }],
];

export const errors: readonly Statement[] = [
  {
    title: 'are of the network where no one listens',
    run: async (context) => {
      const error = await errorOf(apiOf(context).get$(`${context.origins.gone}/echo`));
      same(error.code, 'network');
      if (context.can.cause) same(Object(error.cause).code, 'ECONNREFUSED');
    },
  },
  {
    title: 'are of the network where the connection is reset before there is an answer',
    run: async (context) => {
      for (const method of ['GET', 'POST']) {
        const error = await errorOf(apiOf(context).request$(method, path('reset')));
        same(error.code, 'network', method);
        if (context.can.cause) same(Object(error.cause).code, 'ECONNRESET');
      }
    },
  },
  ...broken.map(([framing, status]) => ({
    title: `are of the network, never a short answer, where the body breaks off (${framing}, status ${status})`,
    run: async (context: Context) => {
      for (const responseType of TYPES) {
        const half = path('half', { framing, status: `${status}` });
        for (const reportProgress of [false, true]) {
          const request$ = apiOf(context).request$('GET', half, {
            responseType,
            reportProgress: reportProgress as true,
          });
          const error = await errorOf(request$);
          same([error.code, error.response], ['network', undefined], responseType);
        }
      }
    },
  })),
  ...['never', 'stall'].map((name) => ({
    title: `are a deadline that has passed, and the connection is closed (${name})`,
    run: async (context: Context) => {
      const id = newId();
      const error = await errorOf(apiOf(context).get$(path(name, { id }), { timeoutMs: 50 }));
      same(error.code, 'timeout');
      // A deadline may pass before the request has gone out.
      if ((await hitsOf(context, id)).length > 0) await until(context, id, 'closed');
    },
  })),
  {
    title: 'are none for who unsubscribes: before the answer, the connection is closed',
    run: async (context) => {
      const id = newId();
      const stop = start(apiOf(context).post$(path('never', { id }), 'a'));
      await until(context, id, 'arrived');
      stop();
      await until(context, id, 'closed');
    },
  },
  {
    title: 'are none for who unsubscribes: in the middle of the body, the connection is closed',
    run: async (context) => {
      const id = newId();
      const half$ = new Subject<void>();
      const request$ = apiOf(context).request$('GET', path('stall', { id }), { reportProgress: true });
      const stop = start(request$.pipe(tap((event) => event.type === 'download' && event.loaded > 0 && half$.next())));
      await firstValueFrom(half$);
      stop();
      await until(context, id, 'closed');
    },
  },
  {
    title: 'are none for who unsubscribes: in the same tick, and where the platform can, nothing is sent',
    run: async (context) => {
      const id = newId();
      const errors: unknown[] = [];
      // A connection that stands is one on which a request could go out at once.
      await firstValueFrom(apiOf(context).get$('/echo'));
      const subscription = apiOf(context)
        .get$(path('echo', { id }))
        .subscribe({ error: (error) => errors.push(error) });
      subscription.unsubscribe();
      await firstValueFrom(apiOf(context).get$('/echo'));
      same(errors, []);
      if (context.can.takesBack) same(await hitsOf(context, id), []);
    },
  },
  {
    title: 'are none for who unsubscribes at `sent`, and nothing is sent',
    run: async (context) => {
      const id = newId();
      await firstValueFrom(apiOf(context).get$('/echo'));
      const request$ = apiOf(context).request$('POST', path('echo', { id }), { body: 'a', reportProgress: true });
      same(await firstValueFrom(request$), { type: 'sent' });
      await firstValueFrom(apiOf(context).get$('/echo'));
      same(await hitsOf(context, id), []);
    },
  },
  {
    title: 'are of the network for redirects without end',
    run: async (context) => {
      const id = newId();
      same((await errorOf(apiOf(context).get$(path('loop', { id })))).code, 'network');
      holds((await hitsOf(context, id)).length <= 21, 'at most 20 are followed');
    },
  },
  ...refused.map(([what, headers]) => ({
    title: `refuse a header ${what}, and do not quote it`,
    run: async (context: Context) => {
      for (const body of bodies) {
        const error = await errorOf(apiOf(context).post$('/echo', body(), { headers }));
        same(error.code, 'request');
        holds(/: headers\.[x…]/.test(error.message), 'the header is named');
        holds(
          !`${error.message}${error.stack}${JSON.stringify(error)}${error.cause}`.includes('hidden'),
          'it is not quoted',
        );
      }
    },
  })),
  ...['TRACE', 'CONNECT', 'NO METHOD'].map((method) => ({
    title: `refuse the method ${method}`,
    run: async (context: Context) => {
      for (const body of [null, ...bodies.map((make) => make())])
        same((await errorOf(apiOf(context).request$(method, '/echo', { body }))).code, 'request');
    },
  })),
];
