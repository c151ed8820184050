import '@angular/compiler';
import { HttpErrorResponse } from '@angular/common/http';
import { MOCK_PLATFORM_LOCATION_CONFIG } from '@angular/common/testing';
import {
  ApplicationRef,
  createEnvironmentInjector,
  DOCUMENT,
  EnvironmentInjector,
  InjectionToken,
  inject,
  provideZonelessChangeDetection,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { createSession, type HttpRequest, memoryStore, type Transport } from 'renewal';
import {
  API,
  type ApiName,
  injectApi,
  injectSession,
  provideApi,
  SESSION,
  withName,
  withSession,
} from 'renewal/angular';
import { filter, firstValueFrom, NEVER, type Observer, of, Subject, throwError } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { stopClock } from '../support/clock';
import { outcomeOf } from '../support/http-client';
import { response } from '../support/virtual';
import { PAGE, provide } from './support/testbed';

/** Responds with the request. */
const echo: Transport = ({ url, headers }) => of(response(200, { url, by: headers.authorization ?? '' }));

const refresh = () => of({ accessToken: 'T2' });
const signedInBy = (accessToken: string) => withSession({ refresh, store: memoryStore({ accessToken }) });

describe('provideApi', () => {
  it('provides an api and a session, by function and by token', () => {
    const bed = provide(provideApi({ transport: echo }, signedInBy('T1')));
    const api = bed.runInInjectionContext(() => injectApi());
    expect(bed.inject(API)).toBe(api);
    expect(bed.inject(SESSION)).toBe(bed.runInInjectionContext(() => injectSession()));
    expect(bed.inject(SESSION).state).toMatchObject({ status: 'active', tokens: { accessToken: 'T1' } });
    expect(outcomeOf(api.get$('orders')).values).toEqual([{ url: `${PAGE}orders`, by: 'Bearer T1' }]);
  });

  it.each([
    [undefined, 'orders', `${PAGE}orders`],
    [undefined, '/orders', 'http://shop.test/orders'],
    ['/api/', 'orders', 'http://shop.test/api/orders'],
    ['/api/', '/orders', 'http://shop.test/api/orders'],
    ['https://other.test/v1', '/orders', 'https://other.test/v1/orders'],
    ['/api', '../orders', 'http://shop.test/orders'],
    ['/api', '?page=2', 'http://shop.test/api?page=2'],
    ['api', 'orders', `${PAGE}api/orders`],
    ['https://other.test/v1', 'orders', 'https://other.test/v1/orders'],
  ])('resolves against baseUrl %s: %s', (baseUrl, url, resolved) => {
    const bed = provide(provideApi({ ...(baseUrl && { baseUrl }), transport: echo }, signedInBy('T1')));
    expect(outcomeOf(bed.inject(API).get$(url)).values).toEqual([{ url: resolved, by: 'Bearer T1' }]);
  });

  it('resolves against the folder of the page without a base', () => {
    const bed = TestBed.configureTestingModule({
      providers: [
        provideZonelessChangeDetection(),
        { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: { startUrl: 'http://shop.test/a/b', appBaseHref: '' } },
        provideApi({ transport: echo }),
      ],
    });
    expect(outcomeOf(bed.inject(API).get$('orders')).values).toEqual([{ url: 'http://shop.test/a/orders', by: '' }]);
  });

  it.each([
    [undefined, 'orders', 'https://cdn.test/app/orders', ''],
    ['api/', 'orders', 'https://cdn.test/app/api/orders', ''],
    [undefined, 'http://shop.test/orders', 'http://shop.test/orders', 'Bearer T1'],
    ['https://cdn.test/v1/', 'orders', 'https://cdn.test/v1/orders', 'Bearer T1'],
  ])('keeps the token at the page if <base> has another origin, baseUrl %s: %s', (baseUrl, url, resolved, by) => {
    const bed = provide(provideApi({ ...(baseUrl && { baseUrl }), transport: echo }, signedInBy('T1')));
    const document = bed.inject(DOCUMENT);
    const element = document.createElement('base');
    element.setAttribute('href', 'https://cdn.test/app/');
    document.head.appendChild(element);
    onTestFinished(() => element.remove());
    expect(outcomeOf(bed.inject(API).get$(url)).values).toEqual([{ url: resolved, by }]);
  });

  it('calls option functions in an injection context', () => {
    const NAME = new InjectionToken<string>('name');
    const bed = provide(
      { provide: NAME, useValue: 'ada' },
      provideApi(
        () => ({ transport: echo, baseUrl: `/${inject(NAME)}/` }),
        withSession(() => ({ refresh, store: memoryStore({ accessToken: inject(NAME) }) })),
      ),
    );
    expect(outcomeOf(bed.inject(API).get$('orders')).values).toEqual([
      { url: 'http://shop.test/ada/orders', by: 'Bearer ada' },
    ]);
  });

  it('gives the session a client that does not wait for a refresh', () => {
    const requested: HttpRequest[] = [];
    const transport: Transport = (request) => {
      requested.push(request);
      return of(response(200, { accessToken: 'T2' }));
    };
    const bed = provide(
      provideApi(
        { transport, baseUrl: '/api/', headers: { 'x-app': 'shop' } },
        withSession((http) => ({
          store: memoryStore({ accessToken: 'T1' }),
          refresh: () => http.post$<{ accessToken: string }>('renew'),
        })),
      ),
    );
    expect(outcomeOf(bed.inject(SESSION).refresh$())).toMatchObject({ values: [{ accessToken: 'T2' }] });
    expect(requested).toMatchObject([{ url: 'http://shop.test/api/renew', headers: { 'x-app': 'shop' } }]);
    expect(requested[0]?.headers).not.toHaveProperty('authorization');
  });

  it('creates one api for each injector, and none before it is injected', () => {
    let made = 0;
    const providers = provideApi(() => {
      made++;
      return { transport: echo };
    }, signedInBy('T1'));
    const root = provide(providers).inject(EnvironmentInjector);
    const lazy = createEnvironmentInjector([providers], root);
    expect(made).toBe(0);
    const sessions = [root.get(SESSION), lazy.get(SESSION), lazy.get(SESSION)];
    expect(new Set(sessions).size).toBe(2);
    expect(made).toBe(2);
  });

  it('destroys its session with the injector, and ends the waiting requests', () => {
    const root = provide().inject(EnvironmentInjector);
    const injector = createEnvironmentInjector(
      [
        provideApi(
          { transport: echo },
          withSession({ refresh: () => NEVER, store: memoryStore({ accessToken: 'T1', expiresInMs: 60_000 }) }),
        ),
      ],
      root,
    );
    const session = injector.get(SESSION);
    const refreshed = outcomeOf(session.refresh$());
    const kept = outcomeOf(session.keepFresh$());
    injector.destroy();
    expect(refreshed).toMatchObject({ error: { code: 'signed-out' } });
    expect(kept.isComplete).toBe(true);
    expect(session.state.status).toBe('signed-out');
  });

  it.each([
    [undefined, 0],
    [{ whileHidden: true }, 1],
  ])('keeps a session fresh on a hidden page only by option: %j', (options, asks) => {
    stopClock();
    const asked = vi.fn(() => of({ accessToken: `T${asked.mock.calls.length + 1}`, expiresInMs: 60_000 }));
    const bed = provide(provideApi({ transport: echo }, withSession({ refresh: asked, store: memoryStore() })));
    const session = bed.inject(SESSION);
    session.signIn({ accessToken: 'T1', expiresInMs: 60_000 });
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'hidden' }));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const kept = session.keepFresh$(options).subscribe();
    vi.advanceTimersByTime(30_000);
    expect(asked).toHaveBeenCalledTimes(asks);
    kept.unsubscribe();
  });

  it('does not destroy a given session', () => {
    const session = createSession({ refresh, store: memoryStore({ accessToken: 'T1' }) });
    const injector = createEnvironmentInjector(
      [provideApi({ transport: echo, session })],
      provide().inject(EnvironmentInjector),
    );
    expect(outcomeOf(injector.get(API).get$('orders')).values).toMatchObject([{ by: 'Bearer T1' }]);
    expect(injector.get(SESSION).state).toBe(session.state);
    injector.destroy();
    expect(session.state.status).toBe('active');
  });

  it('shares the session of the parent injector if it is given', () => {
    const root = provide(provideApi({ transport: echo }, signedInBy('T1'))).inject(EnvironmentInjector);
    const part = createEnvironmentInjector(
      [provideApi(() => ({ transport: echo, baseUrl: '/part/', session: inject(SESSION, { skipSelf: true }) }))],
      root,
    );
    expect(outcomeOf(part.get(API).get$('x')).values).toEqual([{ url: 'http://shop.test/part/x', by: 'Bearer T1' }]);
    part.destroy();
    expect(root.get(SESSION).state.status).toBe('active');
  });

  it.each([
    ['two sessions', { session: createSession({ refresh }) }, /session/],
    ['a transport that is none', { transport: 7 as never }, /transport/],
    ['a baseUrl that is not of http', { baseUrl: 'ftp://shop.test' }, /baseUrl/],
    ['a baseUrl that is none', { baseUrl: 'http://' }, /baseUrl/],
  ])('refuses %s at the first injection', (_what, options, message) => {
    const bed = provide(provideApi(options, withSession({ refresh })));
    let refusal: unknown;
    try {
      bed.inject(API);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(TypeError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(message) });
  });

  it('refuses a refresh that is not a function', () => {
    const bed = provide(provideApi({ transport: echo }, withSession({ refresh: 'later' as never })));
    expect(() => bed.inject(API)).toThrow('refresh: expected a function');
  });

  it('says what is missing without a session', () => {
    const bed = provide(provideApi({ transport: echo }));
    expect(() => bed.inject(SESSION)).toThrow('withSession()');
    expect(() => bed.runInInjectionContext(() => injectSession())).toThrow('withSession()');
  });

  it('says what is missing without provideApi', () => {
    const bed = provide();
    for (const call of [injectApi, injectSession, () => inject(API), () => inject(SESSION)]) {
      expect(() => bed.runInInjectionContext(() => call())).toThrow('provideApi()');
    }
  });

  it('provides a named api beside the unnamed one', () => {
    const BILLING: ApiName = new InjectionToken('billing');
    const bed = provide(
      provideApi({ transport: echo, baseUrl: '/shop/' }, signedInBy('shop')),
      provideApi({ transport: echo, baseUrl: '/billing/' }, signedInBy('billing'), withName(BILLING)),
    );
    const ask = (token?: ApiName) =>
      outcomeOf(bed.runInInjectionContext(() => injectApi(token)).get$('x')).values as unknown[];
    expect([...ask(), ...ask(BILLING)]).toEqual([
      { url: 'http://shop.test/shop/x', by: 'Bearer shop' },
      { url: 'http://shop.test/billing/x', by: 'Bearer billing' },
    ]);
  });

  it('does not provide `API` for a named api', () => {
    const BILLING: ApiName = new InjectionToken('billing');
    const bed = provide(provideApi({ transport: echo }, withName(BILLING)));
    expect(bed.runInInjectionContext(() => injectApi(BILLING))).toBeDefined();
    expect(() => bed.inject(API)).toThrow('NG0201');
  });

  it.each([
    [400, { error: 'invalid_grant' }, 'session-expired'],
    [401, null, 'session-expired'],
    [400, { error: 'invalid_client' }, 'refresh'],
    [503, 'busy', 'refresh'],
    [0, null, 'refresh'],
  ])('judges a refresh that fails with an HttpErrorResponse of %i: %o', (status, error, code) => {
    const refused = throwError(
      () => new HttpErrorResponse({ status, error, url: 'http://shop.test/renew?key=secret' }),
    );
    const bed = provide(
      provideApi(
        { transport: echo },
        withSession({ refresh: () => refused, store: memoryStore({ accessToken: 'T1' }) }),
      ),
    );
    const { error: failure } = outcomeOf(bed.inject(SESSION).refresh$());
    expect(failure).toMatchObject({ code });
    expect(Object(failure).cause.message).toMatch('HTTP http://shop.test/renew');
    expect(Object(failure).cause.message).not.toMatch('secret');
  });

  it.each<[string, () => unknown, string | undefined]>([
    [
      'a native Observable',
      () => ({ subscribe: (observer: Observer<unknown>) => observer.next({ accessToken: 'T2' }) }),
      'T2',
    ],
    ['a promise', () => Promise.resolve({ accessToken: 'T2' }), 'T2'],
    ['nothing', () => undefined, undefined],
  ])('accepts the same refresh results as createSession: %s', async (_, ask, token) => {
    const store = memoryStore({ accessToken: 'T1' });
    const bed = provide(provideApi({ transport: echo }, withSession({ refresh: ask as typeof refresh, store })));
    const { values, error } = outcomeOf(bed.inject(SESSION).refresh$());
    await Promise.resolve();
    if (token) expect(values).toMatchObject([{ accessToken: token }]);
    else expect(error).toMatchObject({ cause: { message: expect.stringMatching(/^refresh: expected it to return/) } });
  });

  it('judges a refresh that throws an HttpErrorResponse', () => {
    const throws = (): never => {
      throw new HttpErrorResponse({ status: 401, url: 'http://shop.test/renew' });
    };
    const store = memoryStore({ accessToken: 'T1' });
    const bed = provide(provideApi({ transport: echo }, withSession({ refresh: throws, store })));
    expect(outcomeOf(bed.inject(SESSION).refresh$()).error).toMatchObject({ code: 'session-expired' });
  });

  it('judges a restore that is refused', async () => {
    const refused = throwError(() => new HttpErrorResponse({ status: 401 }));
    const bed = provide(provideApi({ transport: echo }, withSession({ refresh, restore: () => refused })));
    const state$ = bed.inject(SESSION).state$.pipe(filter(({ status }) => status !== 'loading'));
    expect(await firstValueFrom(state$)).toMatchObject({ status: 'signed-out', reason: 'none' });
  });

  it('keeps the app unstable only while a request is in flight', async () => {
    const response$ = new Subject<ReturnType<typeof response>>();
    const bed = provide(provideApi({ transport: () => response$ }));
    const app = bed.inject(ApplicationRef);
    const stable = () => firstValueFrom(app.isStable);
    expect(await stable()).toBe(true);
    const asked = bed.inject(API).get$('orders').subscribe();
    const dropped = bed.inject(API).get$('dropped').subscribe();
    expect(await stable()).toBe(false);
    dropped.unsubscribe();
    response$.next(response(200));
    expect(asked.closed).toBe(true);
    await firstValueFrom(app.isStable.pipe(filter(Boolean)));
  });
});
