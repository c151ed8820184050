// Types only: checked by `npm run types`, never run.
import type { HttpInterceptorFn } from '@angular/common/http';
import type { EnvironmentProviders, InjectionToken, ResourceRef, Signal } from '@angular/core';
import type { CanActivateChildFn, CanActivateFn, CanMatchFn } from '@angular/router';
import type { Api, HttpContext, Session, SessionState, StandardSchemaV1, Transport } from 'renewal';
import {
  API,
  type ApiName,
  apiResource,
  apiStream,
  httpClientTransport,
  injectApi,
  injectSession,
  MOCK_TRANSPORT,
  openOnServer,
  provideApi,
  provideApiTesting,
  SESSION,
  sessionInterceptor,
  sessionState,
  signedIn,
  withName,
  withSession,
} from 'renewal/angular';
import type { ServerSentEvent } from 'renewal/stream';
import { fakeBackend, type MockTransport } from 'renewal/testing';
import { NEVER } from 'rxjs';
import { expectTypeOf } from 'vitest';

declare const session: Session;
declare const token: ApiName;
declare const schema: StandardSchemaV1<unknown, Date>;

expectTypeOf(provideApi({})).toEqualTypeOf<EnvironmentProviders>();
expectTypeOf(provideApi(() => ({ transport: httpClientTransport() }))).toEqualTypeOf<EnvironmentProviders>();
provideApi({}, withSession({ refresh: () => NEVER }), withName(token));
provideApi(
  {},
  withSession((http) => {
    expectTypeOf(http).toEqualTypeOf<Api>();
    return { refresh: () => http.post$<{ accessToken: string }>('renew') };
  }),
);
// @ts-expect-error: what a session needs is a refresh
withSession({});
// @ts-expect-error: not an option
provideApi({ baseURL: '/' });

expectTypeOf(provideApiTesting()).toEqualTypeOf<EnvironmentProviders>();
provideApiTesting({ transport: fakeBackend().transport }, withSession({ refresh: () => NEVER }), withName(token));
provideApiTesting(() => ({ baseUrl: '/api/' }));
expectTypeOf(MOCK_TRANSPORT).toEqualTypeOf<InjectionToken<MockTransport>>();
// @ts-expect-error: not an option
provideApiTesting({ baseURL: '/' });

expectTypeOf(API).toEqualTypeOf<InjectionToken<Api>>();
expectTypeOf(SESSION).toEqualTypeOf<InjectionToken<Session>>();
expectTypeOf(injectApi()).toEqualTypeOf<Api>();
expectTypeOf(injectSession(token)).toEqualTypeOf<Session>();

expectTypeOf(sessionInterceptor()).toEqualTypeOf<HttpInterceptorFn>();
expectTypeOf(sessionInterceptor(session, { allowedOrigins: [] })).toEqualTypeOf<HttpInterceptorFn>();
expectTypeOf(sessionInterceptor(token)).toEqualTypeOf<HttpInterceptorFn>();
expectTypeOf(httpClientTransport()).toEqualTypeOf<Transport>();

expectTypeOf(sessionState()).toEqualTypeOf<Signal<SessionState>>();
expectTypeOf(signedIn('/login')).toExtend<CanActivateFn>();
expectTypeOf(signedIn('/login')).toExtend<CanActivateChildFn>();
expectTypeOf(signedIn((url) => `/login?from=${url}`, token)).toExtend<CanMatchFn>();

expectTypeOf(apiResource<number[]>(() => 'orders')).toEqualTypeOf<ResourceRef<number[] | undefined>>();
expectTypeOf(apiResource<number[]>(() => undefined, { defaultValue: [] })).toEqualTypeOf<ResourceRef<number[]>>();
expectTypeOf(apiResource(() => ({ url: 'placed', schema }))).toEqualTypeOf<ResourceRef<Date | undefined>>();
// @ts-expect-error: a default of another type
apiResource<number>(() => 'count', { defaultValue: 'none' });

expectTypeOf(apiStream(() => 'feed')).toEqualTypeOf<ResourceRef<ServerSentEvent<string> | undefined>>();
expectTypeOf(apiStream<number>(() => ({ url: 'feed', parse: 'json', reconnect: { delayMs: 1 } }))).toEqualTypeOf<
  ResourceRef<ServerSentEvent<number> | undefined>
>();
expectTypeOf(apiStream(() => ({ url: new URL('https://h.test'), schema, context: openOnServer() }))).toEqualTypeOf<
  ResourceRef<ServerSentEvent<Date> | undefined>
>();
expectTypeOf(
  apiStream<number>(() => undefined, {
    defaultValue: { data: 0, event: 'message', id: '' },
    equal: (a, b) => a.data === b.data,
    openOnServer: true,
    api: token,
  }),
).toEqualTypeOf<ResourceRef<ServerSentEvent<number>>>();
// @ts-expect-error: a default of another type
apiStream<number>(() => 'feed', { defaultValue: 0 });
expectTypeOf(openOnServer).toEqualTypeOf<(context?: HttpContext) => HttpContext>();
