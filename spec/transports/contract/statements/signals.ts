import { createSession, memoryStore } from 'renewal';
import { firstValueFrom, lastValueFrom, NEVER, type Observable, Subject, tap } from 'rxjs';
import type { Statement } from '../context';
import { apiOf, hitsOf, newId, path, same, until } from '../tools';

const REASON = { why: 'no longer needed' };

/** The error of a request, whatever it is. */
const endOf = (request$: Observable<unknown>): Promise<unknown> =>
  lastValueFrom(request$).then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

export const signals: readonly Statement[] = [
  {
    title: 'that is aborted already lets nothing be sent',
    run: async (context) => {
      const id = newId();
      const controller = new AbortController();
      controller.abort(REASON);
      same(await endOf(apiOf(context).get$(path('echo', { id }), { signal: controller.signal })), REASON);
      await firstValueFrom(apiOf(context).get$('/echo'));
      same(await hitsOf(context, id), []);
    },
  },
  {
    title: 'ends a request that waits for a refresh',
    run: async (context) => {
      const id = newId();
      const controller = new AbortController();
      const session = createSession({
        store: memoryStore({ accessToken: 'T1', refreshToken: 'R1' }),
        refresh: () => {
          controller.abort(REASON);
          return NEVER;
        },
      });
      const url = path('guarded', { id, by: 'T2', says: '401' });
      same(await endOf(apiOf(context, { session }).get$(url, { signal: controller.signal })), REASON);
      same((await hitsOf(context, id)).length, 1);
      session.destroy();
    },
  },
  {
    title: 'closes the connection before the response',
    run: async (context) => {
      const id = newId();
      const controller = new AbortController();
      const end = endOf(apiOf(context).post$(path('never', { id }), 'a', { signal: controller.signal }));
      await until(context, id, 'arrived');
      controller.abort(REASON);
      same(await end, REASON);
      await until(context, id, 'closed');
    },
  },
  {
    title: 'closes the connection in the middle of the body',
    run: async (context) => {
      const id = newId();
      const controller = new AbortController();
      const half$ = new Subject<void>();
      const options = { reportProgress: true, signal: controller.signal } as const;
      const request$ = apiOf(context).request$('GET', path('stall', { id }), options);
      const end = endOf(request$.pipe(tap((event) => event.type === 'download' && event.loaded > 0 && half$.next())));
      await firstValueFrom(half$);
      controller.abort(REASON);
      same(await end, REASON);
      await until(context, id, 'closed');
    },
  },
];
