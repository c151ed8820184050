// The app under test, in a browser: a button signs in, another one shows ten orders.
import { createApi, createSession, type TokenGrant, webStorageStore } from 'renewal';
import { forkJoin, map, type Observable, switchMap } from 'rxjs';

const http = createApi({ baseUrl: '/api/' });
const session = createSession({
  store: webStorageStore(),
  refresh: ({ refreshToken }) => http.post$<TokenGrant>('refresh', { refreshToken }),
});
const api = http.extend({ session });
const ids = Array.from({ length: 10 }, (_, index) => index + 1);

const actions: Readonly<Record<string, () => Observable<string>>> = {
  'Sign in': () =>
    http.post$<TokenGrant>('login', {}).pipe(
      switchMap((grant) => session.signIn(grant)),
      map(() => 'signed in'),
    ),
  'Show orders': () =>
    forkJoin(ids.map((id) => api.get$('orders', { params: { id } }))).pipe(map(({ length }) => `${length} orders`)),
};

addEventListener('DOMContentLoaded', () => {
  const output = document.createElement('output');
  const buttons = Object.entries(actions).map(([name, act$]) => {
    const button = Object.assign(document.createElement('button'), { textContent: name });
    button.addEventListener('click', () => {
      act$().subscribe((text) => {
        output.textContent = text;
      });
    });
    return button;
  });
  document.body.append(...buttons, output);
});
