import '@angular/compiler';
import { type HttpInterceptorFn, HttpResponse } from '@angular/common/http';
import { sessionInterceptor } from 'renewal/angular';
import { tap } from 'rxjs';
import { expect, it } from 'vitest';
import { createBackend, expire, renew } from '../../angular/support/backend';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';

failureMode(
  {
    id: 'M9',
    title: 'Which interceptors see the retry is a matter of chance',
    renewal:
      'Interceptors before `sessionInterceptor()` see a request once, with its last response; interceptors after it see each attempt, with its token.',
    threads: ['Flyrell/axios-auth-refresh#95', 'Flyrell/axios-auth-refresh#156'],
  },
  (signal) => {
    it('passes the second attempt only through the interceptors after it', () => {
      const seen: string[] = [];
      const watch =
        (name: string): HttpInterceptorFn =>
        (request, next) => {
          const token = request.headers.get('authorization')?.slice(7) ?? '-';
          if (request.url === '/renew') return next(request);
          seen.push(`${name} sends with ${token}: ${JSON.stringify(request.body)}`);
          return next(request).pipe(
            tap({
              next: (event) =>
                event instanceof HttpResponse && seen.push(`${name} is answered ${JSON.stringify(event.body)}`),
              error: (error) => seen.push(`${name} fails by ${error.status}`),
            }),
          );
        };
      const harness = createBackend({ interceptors: [watch('before'), sessionInterceptor(), watch('after')] });
      const { http, backend } = harness;
      const outcome = outcomeOf(http.post('/orders', { item: 'engine' }));
      expire(backend.expectOne('/orders'), signal);
      renew(harness);
      backend.expectOne('/orders').flush('order');
      expect(outcome).toEqual({ values: ['order'], isComplete: true });
      expect(seen).toEqual([
        'before sends with -: {"item":"engine"}',
        'after sends with T1: {"item":"engine"}',
        signal === 'HTTP 401' ? 'after fails by 401' : 'after is answered {"code":1002}',
        'after sends with T2: {"item":"engine"}',
        'after is answered "order"',
        'before is answered "order"',
      ]);
    });
  },
);
