import { type EnvironmentProviders, InjectionToken, inject, makeEnvironmentProviders } from '@angular/core';
import type { ApiOptions } from 'renewal';
import { type MockTransport, mockTransport } from 'renewal/testing';
import { type ApiFeature, provideApi } from './provide-api';

/** The transport of {@link provideApiTesting}, on which a test expects requests: one for all apis of an injector. */
export const MOCK_TRANSPORT: InjectionToken<MockTransport> = /* @__PURE__ */ new InjectionToken(
  'MOCK_TRANSPORT of provideApiTesting()',
);

/**
 * {@link provideApi} for a `TestBed`: the same client, session, zones, pending tasks, page urls and names, without a
 * network. It sends by `MOCK_TRANSPORT`, which the test injects, or by a `transport` in the options, such as that of
 * `fakeBackend()`. It replaces a `provideApi` before it, and works beside `provideHttpClientTesting()`.
 *
 * @param options - Those of {@link provideApi}, with another default for `transport`. @defaultValue none
 * @param features - Those of {@link provideApi}.
 *
 * @example
 * ```ts
 * import { TestBed } from '@angular/core/testing';
 * import { injectApi, MOCK_TRANSPORT, provideApiTesting } from 'renewal/angular';
 *
 * TestBed.configureTestingModule({ providers: [provideApiTesting({ baseUrl: '/api/' })] });
 * const api = TestBed.runInInjectionContext(injectApi);
 * const transport = TestBed.inject(MOCK_TRANSPORT);
 * api.get$('orders').subscribe(console.log);
 * transport.expectOne('GET /api/orders').flush([{ id: 7 }]);
 * transport.verify();
 * ```
 */
export const provideApiTesting = (
  options: ApiOptions | (() => ApiOptions) = {},
  ...features: readonly ApiFeature[]
): EnvironmentProviders =>
  makeEnvironmentProviders([
    { provide: MOCK_TRANSPORT, useFactory: mockTransport },
    provideApi(
      () => {
        const given = typeof options === 'function' ? options() : options;
        return { ...given, transport: given.transport ?? inject(MOCK_TRANSPORT) };
      },
      ...features,
    ),
  ]);
