import 'zone.js';
import '@angular/compiler';
import { NgZone } from '@angular/core';
import { API, MOCK_TRANSPORT, provideApiTesting } from 'renewal/angular';
import { describe, expect, it } from 'vitest';
import { testApiTesting } from './support/api-testing';
import { provideZoned } from './support/testbed';
import { recordZones } from './support/zones';

describe('provideApiTesting with zone.js', () => {
  testApiTesting(provideZoned);

  it('notifies in the zone of the subscriber', async () => {
    const bed = provideZoned(provideApiTesting({ baseUrl: '/api/' }));
    const { isInside, over } = bed.inject(NgZone).run(() => recordZones(bed.inject(API).get$('orders')));
    bed.inject(MOCK_TRANSPORT).expectOne('GET /api/orders').flush([]);
    await over;
    expect(isInside).toEqual([true, true]);
  });
});
