import { memoryStore } from 'renewal';
import { fakeBackend } from 'renewal/testing';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { expect, it } from 'vitest';
import { createShop } from './shop';

it('shows a page 400 ms later if its token has expired', () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ expectObservable }) => {
    const backend = fakeBackend({ latencyMs: 200, routes: { '/orders': () => ({ id: 7 }) } });
    const { page$ } = createShop({ transport: backend.transport, store: memoryStore(backend.issue()) });
    backend.expireTokens();
    expectObservable(page$.pipe(map(({ length }) => length))).toBe('800ms (n|)', { n: 10 });
  });
});
