import type { HttpRequest, SessionOptions, TokenGrant } from 'renewal';
import { EMPTY, NEVER, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { observe } from '../support/cell-store';
import { createVirtualClient } from '../support/virtual';

const T2: TokenGrant = { accessToken: 'T2', refreshToken: 'R2' };

const withToken = (request: HttpRequest, token: string): HttpRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${token}` },
});

/** An `authorize` that signs when the test says so, in the order of the calls. */
const createSigner = () => {
  const pending: (() => void)[] = [];
  const log: string[] = [];
  const authorize: SessionOptions['authorize'] = (request, { accessToken }) => {
    const signed = new Subject<HttpRequest>();
    log.push(accessToken);
    pending.push(() => signed.next(withToken(request, accessToken)));
    return signed;
  };
  return { authorize, log, sign: () => pending.shift()?.() };
};

describe('an asynchronous authorize', () => {
  it('sends what it emits, first and for the replay', () => {
    const { authorize, log, sign } = createSigner();
    const { api, sent } = createVirtualClient({ authorize, refresh: () => of(T2) });
    const { notifications } = observe(api.get$('/a'));
    expect(sent).toEqual([]);
    sign();
    expect(sent).toEqual(['GET /a T1']);
    sign();
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(log).toEqual(['T1', 'T2']);
  });

  it('may return a promise', async () => {
    const { api, sent } = createVirtualClient({
      authorize: async (request, { accessToken }) => withToken(request, accessToken),
      isDead: () => false,
    });
    await new Promise<void>((resolve) => api.get$('/a').subscribe({ complete: resolve }));
    expect(sent).toEqual(['GET /a T1']);
  });

  it('sends in the same tick if it is synchronous inside', () => {
    const { api, sent } = createVirtualClient({
      authorize: (request, { accessToken }) => of(withToken(request, accessToken), withToken(request, 'second')),
      isDead: () => false,
    });
    expect(observe(api.get$('/a')).notifications).toMatchObject([{ by: 'T1' }, 'done']);
    expect(sent).toEqual(['GET /a T1']);
  });

  it('is asked again with the new tokens if they were replaced before it emits', () => {
    const { authorize, log, sign } = createSigner();
    const { api, session, sent } = createVirtualClient({ authorize });
    const { notifications } = observe(api.get$('/a'));
    session.update(T2);
    sign();
    expect(sent).toEqual([]);
    sign();
    expect(sent).toEqual(['GET /a T2']);
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(log).toEqual(['T1', 'T2']);
  });

  it('is asked again after the refresh if the token is rejected before it emits', () => {
    const { authorize, log, sign } = createSigner();
    const grants = new Subject<TokenGrant>();
    const { api, session, sent } = createVirtualClient({ authorize, refresh: () => grants });
    const { notifications } = observe(api.get$('/a'));
    observe(session.refresh$({ rejected: 'T1' }));
    sign();
    expect([sent, notifications]).toEqual([[], []]);
    grants.next(T2);
    sign();
    expect(notifications).toMatchObject([{ by: 'T2' }, 'done']);
    expect(log).toEqual(['T1', 'T2']);
  });

  it.each([
    ['sign-out', 'signed-out'],
    ['sign-in', 'signed-out'],
  ])('sends nothing after a %s', (what, code) => {
    const { authorize, sign } = createSigner();
    const { api, session, sent } = createVirtualClient({ authorize });
    const { notifications } = observe(api.get$('/a'));
    if (what === 'sign-in') session.signIn({ accessToken: 'B1' });
    else session.signOut();
    sign();
    expect(sent).toEqual([]);
    expect(notifications).toMatchObject([{ error: { code } }]);
  });

  it('is unsubscribed with the request', () => {
    const signed = new Subject<HttpRequest>();
    const { api, sent } = createVirtualClient({ authorize: () => signed });
    api.get$('/a').subscribe().unsubscribe();
    expect(signed.observed).toBe(false);
    expect(sent).toEqual([]);
  });

  it('gives its slot back while it waits for a refresh, and when it is unsubscribed', () => {
    const { authorize, sign } = createSigner();
    const { api, session, sent } = createVirtualClient({
      authorize,
      releaseConcurrency: 1,
      refresh: () => of(T2),
      isDead: () => false,
    });
    session.refresh$({ rejected: 'T1' }).subscribe();
    const first = api.get$('/a').subscribe();
    api.get$('/b').subscribe();
    first.unsubscribe();
    sign();
    sign();
    expect(sent).toEqual(['GET /b T2']);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['emits an error', () => throwError(() => new Error('no key')), /^no key$/],
    ['emits nothing', () => EMPTY, /^authorize: expected it to return or emit a request$/],
    ['emits no request', () => of('T1'), /^authorize: expected it to return or emit a request$/],
    [
      'returns undefined',
      () => undefined,
      /^authorize: expected it to return an Observable, a Promise or an iterable$/,
    ],
    ['returns a text', () => 'T1', /^authorize: expected it to return an Observable, a Promise or an iterable$/],
  ])('that %s is an error of that request alone', (_, authorize, message) => {
    // What plain JavaScript may return.
    const { api, session, sent } = createVirtualClient({ authorize: authorize as SessionOptions['authorize'] });
    expect(observe(api.get$('/a')).notifications).toMatchObject([
      { error: { message: expect.stringMatching(message) } },
    ]);
    expect(sent).toEqual([]);
    expect(session.state.status).toBe('active');
  });

  it.each([
    ['leaves with the dead token', false, ['GET /other T1', 'GET /poll T1']],
    ['joins the refresh', true, ['GET /other T1']],
  ])('for a poll whose token was rejected in the meantime %s', (_, isRefreshing, wanted) => {
    const { authorize, sign } = createSigner();
    const { api, session, sent } = createVirtualClient({ authorize, refresh: () => NEVER });
    api.get$('/other', { renew: false }).subscribe({ error: () => {} });
    api.get$('/poll', { renew: false }).subscribe({ error: () => {} });
    sign();
    if (isRefreshing) session.refresh$().subscribe();
    sign();
    expect(sent).toEqual(wanted);
  });
});
