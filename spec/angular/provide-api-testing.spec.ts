import '@angular/compiler';
import { InjectionToken, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { createSession, memoryStore } from 'renewal';
import {
  API,
  type ApiName,
  injectApi,
  injectSession,
  MOCK_TRANSPORT,
  provideApi,
  provideApiTesting,
  SESSION,
  withName,
} from 'renewal/angular';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/http-client';
import { issued, session, testApiTesting } from './support/api-testing';
import { provide } from './support/testbed';

describe('provideApiTesting without zone.js', () => {
  testApiTesting(provide);
});

describe('provideApiTesting', () => {
  it('has one transport for all apis without their own', () => {
    const BILLING: ApiName = new InjectionToken('billing');
    const bed = provide(
      provideApiTesting({ baseUrl: 'https://shop.test/' }, session),
      provideApiTesting({ baseUrl: 'https://billing.test/' }, withName(BILLING)),
    );
    const transport = bed.inject(MOCK_TRANSPORT);
    outcomeOf(bed.inject(API).get$('orders'));
    outcomeOf(bed.runInInjectionContext(() => injectApi(BILLING)).get$('invoices'));
    expect(transport.expectOne('GET /invoices').request.url).toBe('https://billing.test/invoices');
    expect(() => transport.verify()).toThrow('GET /orders');
  });

  it('replaces a provideApi before it', () => {
    const bed = provide(provideApi({ transport: () => of() }, session), provideApiTesting({ baseUrl: '/api/' }));
    outcomeOf(bed.inject(API).get$('orders'));
    bed.inject(MOCK_TRANSPORT).expectOne('GET /api/orders');
    expect(() => bed.inject(SESSION)).toThrow('no session');
  });

  it('calls options in an injection context, and takes undefined for none', () => {
    const BASE = new InjectionToken<string>('base');
    const bed = provide(
      { provide: BASE, useValue: '/v1/' },
      provideApiTesting(() => ({ baseUrl: inject(BASE), ...({ transport: undefined } as object) })),
    );
    outcomeOf(bed.inject(API).get$('orders'));
    bed.inject(MOCK_TRANSPORT).expectOne('GET /v1/orders');
  });

  it('takes a session of the caller', () => {
    const own = createSession({ store: memoryStore(issued), refresh: () => of({ accessToken: 'T2' }) });
    const bed = provide(provideApiTesting({ baseUrl: '/api/', session: own }));
    outcomeOf(bed.inject(API).get$('orders'));
    const { request } = bed.inject(MOCK_TRANSPORT).expectOne('GET /api/orders');
    expect(request.headers).toMatchObject({ authorization: 'Bearer T1' });
    expect(bed.runInInjectionContext(injectSession).state).toMatchObject({ status: 'active' });
  });

  it('has a transport of its own in each injector', () => {
    const first = provide(provideApiTesting()).inject(MOCK_TRANSPORT);
    TestBed.resetTestingModule();
    expect(provide(provideApiTesting()).inject(MOCK_TRANSPORT)).not.toBe(first);
  });

  it('names itself if it is missing', () => {
    expect(() => provide(provideApi({})).inject(MOCK_TRANSPORT)).toThrow('MOCK_TRANSPORT of provideApiTesting()');
  });
});
