// Angular's packages are compiled at import: the compiler comes first, here and in each spec.
import '@angular/compiler';
import { MOCK_PLATFORM_LOCATION_CONFIG } from '@angular/common/testing';
import {
  type EnvironmentProviders,
  type Provider,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { platformServerTesting, ServerTestingModule } from '@angular/platform-server/testing';
import { afterEach } from 'vitest';

/** The url of the page in the tests. */
export const PAGE = 'http://shop.test/app/';

TestBed.initTestEnvironment(ServerTestingModule, platformServerTesting(), { teardown: { destroyAfterEach: true } });

afterEach(() => {
  TestBed.resetTestingModule();
});

const provideAt = (...providers: (Provider | EnvironmentProviders)[]): TestBed =>
  TestBed.configureTestingModule({
    providers: [
      { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: { startUrl: PAGE, appBaseHref: '/app/' } },
      ...providers,
    ],
  });

/** An injector with these providers, in an app without zone.js, on that page. */
export const provide = (...providers: (Provider | EnvironmentProviders)[]): TestBed =>
  provideAt(provideZonelessChangeDetection(), ...providers);

/** An injector of an app with zone.js, which the spec must load. */
export const provideZoned = (...providers: (Provider | EnvironmentProviders)[]): TestBed =>
  provideAt(provideZoneChangeDetection(), ...providers);
