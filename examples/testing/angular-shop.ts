// The app under test, in Angular: its api with a session, and a page that sends ten requests.
import { Injectable } from '@angular/core';
import type { TokenGrant } from 'renewal';
import { injectApi, withSession } from 'renewal/angular';
import { from, mergeMap, type Observable, toArray } from 'rxjs';

/** The app itself provides it by `provideApi({ baseUrl: '/api/' }, shopSession)`. */
export const shopSession = withSession((http) => ({
  refresh: ({ refreshToken }) => http.post$<TokenGrant>('refresh', { refreshToken }),
}));

// An app with a compiler of decorators has `@Injectable()` above the class.
export const OrderPage = Injectable({ providedIn: 'root' })(
  class {
    readonly #api = injectApi();
    /** The ten orders of a page. It sends five requests at a time. */
    readonly orders$: Observable<object[]> = from(Array(10).keys()).pipe(
      mergeMap((id) => this.#api.get$<object>('orders', { params: { id } }), 5),
      toArray(),
    );
  },
);
