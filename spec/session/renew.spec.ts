import type { HttpResponse, TokenGrant } from 'renewal';
import { mergeMap, NEVER, of, Subject, tap, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { createCellStore, observe, tokens } from '../support/cell-store';
import { createVirtualClient, expiredBy, virtually } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

describe.each(['HTTP 401', 'code 1002'] as const)('a request with renew: false, by %s', (signal) => {
  const bodyOf = (token: string): unknown =>
    signal === 'HTTP 401' ? { error: { status: 401 } } : { code: 1002, dead: token };

  it('carries the token, and gets its expired response itself', () => {
    const refresh = vi.fn(() => of(T2));
    const { api, session, sent } = createVirtualClient({ signal, refresh });
    expect(observe(api.get$('/poll', { renew: false })).notifications[0]).toMatchObject(Object(bodyOf('T1')));
    expect(observe(api.get$('/poll', { renew: false })).notifications[0]).toMatchObject(Object(bodyOf('T1')));
    expect(sent).toEqual(['GET /poll T1', 'GET /poll T1']);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state.status).toBe('expired');
  });

  it('starts no refresh in an hour of polls, and joins the one that a click starts', () => {
    virtually(({ flush }) => {
      let refreshes = 0;
      const { api, sent } = createVirtualClient({
        signal,
        grant: { accessToken: 'T1', refreshToken: 'R1', expiresInMs: 60_000 },
        refresh: () =>
          timer(500).pipe(
            tap(() => refreshes++),
            mergeMap(() => of(T2)),
          ),
      });
      const polls: unknown[] = [];
      const poll = () => api.get$('/poll', { renew: false }).subscribe({ error: () => polls.push('dead') });
      for (let atMs = 0; atMs < 3_600_000; atMs += 5_000) timer(atMs).subscribe(poll);
      timer(3_600_000).subscribe(() => {
        expect(refreshes).toBe(0);
        api.get$('/click').subscribe((body) => polls.push(['click', body]));
        api.get$('/poll', { renew: false }).subscribe((body) => polls.push(['poll', body]));
      });
      flush();
      expect(refreshes).toBe(1);
      expect(polls.slice(-2)).toEqual([
        ['click', { by: 'T2' }],
        ['poll', { by: 'T2' }],
      ]);
      expect(sent.at(-1)).toBe('GET /poll T2');
    });
  });

  it('is replayed if its response comes while a refresh runs, or after it', () => {
    const grants = new Subject<TokenGrant>();
    const answers = [new Subject<HttpResponse>(), new Subject<HttpResponse>()];
    const at = (index: number) => answers[index] ?? NEVER;
    let nth = 0;
    const { api, session } = createVirtualClient({
      signal,
      refresh: () => grants,
      respond: (request, normal) => (request.headers.authorization === 'Bearer T1' ? at(nth++) : of(normal)),
    });
    const during = observe(api.get$('/during', { renew: false })).notifications;
    const after = observe(api.get$('/after', { renew: false })).notifications;
    observe(session.refresh$());
    answers[0]?.next(expiredBy(signal));
    expect(during).toEqual([]);
    grants.next(T2);
    expect(during).toMatchObject([{ by: 'T2' }, 'done']);
    answers[1]?.next(expiredBy(signal));
    expect(after).toMatchObject([{ by: 'T2' }, 'done']);
  });

  it('starts no refresh before the token expires', () => {
    const refresh = vi.fn(() => of(T2));
    const { api } = createVirtualClient({
      signal,
      refresh,
      isDead: () => false,
      grant: { accessToken: 'T1', expiresInMs: 1 },
    });
    const { notifications } = observe(api.get$('/poll', { renew: false }));
    expect(notifications).toMatchObject([{ by: 'T1' }, 'done']);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('waits for the store, and leaves without a token if a restore has failed before', () => {
    const restore = vi.fn(() => throwError(() => new Error('offline')));
    const { api, sent } = createVirtualClient({ signal, store: createCellStore(null).store, restore });
    expect(observe(api.get$('/poll', { renew: false })).notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    expect(observe(api.get$('/poll', { renew: false })).notifications).toMatchObject([{ by: '-' }, 'done']);
    expect(restore).toHaveBeenCalledOnce();
    expect(sent).toEqual(['GET /poll -']);
  });

  it('gets the error of a refresh that it has joined', () => {
    const late = new Subject<TokenGrant>();
    const { api, session } = createVirtualClient({ signal, refresh: () => late });
    observe(session.refresh$({ rejected: 'T1' }));
    const { notifications } = observe(api.get$('/poll', { renew: false }));
    late.error(new Error('offline'));
    expect(notifications).toMatchObject([{ error: { code: 'refresh' } }]);
    expect(session.state).toMatchObject({ status: 'expired', tokens: tokens('T1', { sessionId: expect.any(String) }) });
  });

  it.each([1, 'no', null])('refuses a value of another kind: %o', (renew) => {
    const { api } = createVirtualClient({ signal });
    const [outcome] = observe(api.get$('/a', { renew: renew as never })).notifications; // plain JavaScript
    expect(outcome).toMatchObject({ error: { code: 'request' } });
  });
});
