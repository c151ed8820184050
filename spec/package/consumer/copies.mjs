// The package twice in one process, as in an app that both imports and requires it.
import { createRequire } from 'node:module';
import * as here from 'renewal';
import { of } from 'rxjs';

const there = createRequire(import.meta.url)('renewal');

const messageOf = (work) => {
  try {
    return work();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

const response = (status, body) => ({ type: 'response', status, statusText: '', headers: {}, url: '', body });
const sent = [];
const transport = (request) => {
  const { url, headers } = request;
  const token = headers.authorization ?? '-';
  sent.push(`${url} ${token}`);
  return of(response(token === 'Bearer T1' ? 401 : url.endsWith('/missing') ? 404 : 200, { by: token }));
};

const baseUrl = 'https://api.test';
const signedIn = () =>
  there.createSession({ refresh: () => of({ accessToken: 'T2' }), store: there.memoryStore({ accessToken: 'T1' }) });

/** The value of a stream, or the code of its error. */
const outcomeOf = (source$) => {
  const outcome = [];
  source$.subscribe({ next: (value) => outcome.push(value), error: (error) => outcome.push(error) });
  return outcome;
};

const session = signedIn();
const refusal = messageOf(() => here.createApi({ baseUrl, session, transport }));
const api = here.createApi({
  baseUrl,
  transport,
  interceptors: [there.bearer(session, { allowedOrigins: [baseUrl] })],
});
const outcomes = [
  outcomeOf(api.get$('/orders')),
  outcomeOf(api.get$('https://other.test/orders')),
  outcomeOf(api.get$('/missing')).map((error) => [
    error instanceof there.ApiError,
    there.isApiError(error, 'status'),
    here.isApiError(error),
  ]),
];

const TOKEN = new here.HttpContextToken(() => 0);
const context = new there.HttpContext().set(TOKEN, 7);

process.stdout.write(
  JSON.stringify({
    areTwo: here.createApi !== there.createApi,
    refusal,
    outcomes,
    sent,
    context: new here.HttpContext(context).get(TOKEN),
  }),
);
