import '@angular/compiler';
import * as angular from 'renewal/angular';
import { describe, expect, it } from 'vitest';

describe('the public surface of renewal/angular', () => {
  it('has exactly these names', () => {
    expect(Object.keys(angular).sort()).toEqual([
      'API',
      'MOCK_TRANSPORT',
      'SESSION',
      'apiResource',
      'apiStream',
      'httpClientTransport',
      'injectApi',
      'injectSession',
      'openOnServer',
      'provideApi',
      'provideApiTesting',
      'provideSessionInterceptor',
      'sessionInterceptor',
      'sessionState',
      'signedIn',
      'withName',
      'withSession',
      'withoutSession',
    ]);
  });
});
