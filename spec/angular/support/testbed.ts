// Angular's packages are compiled as they are loaded: what does that comes first, here and in each spec.
import '@angular/compiler';
import { MOCK_PLATFORM_LOCATION_CONFIG } from '@angular/common/testing';
import { type EnvironmentProviders, type Provider, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { platformServerTesting, ServerTestingModule } from '@angular/platform-server/testing';
import { afterEach } from 'vitest';

/** Where the page of the tests is. */
export const PAGE = 'http://shop.test/app/';

TestBed.initTestEnvironment(ServerTestingModule, platformServerTesting(), { teardown: { destroyAfterEach: true } });

afterEach(() => {
  TestBed.resetTestingModule();
});

/** An injector with these providers, in an app without zone.js, on the page of the tests. */
export const provide = (...providers: (Provider | EnvironmentProviders)[]): TestBed =>
  TestBed.configureTestingModule({
    providers: [
      provideZonelessChangeDetection(),
      { provide: MOCK_PLATFORM_LOCATION_CONFIG, useValue: { startUrl: PAGE, appBaseHref: '/app/' } },
      ...providers,
    ],
  });
