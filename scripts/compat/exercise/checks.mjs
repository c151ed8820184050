// The checks that the package has to pass in every runtime, test environment and bundle. They need only the language,
// timers and the library's requirements; the caller runs them and provides the package.

const show = (value) => JSON.stringify(value) ?? `${value}`;

const isSame = (a, b) =>
  Object.is(a, b) ||
  (typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    Object.keys(a).length === Object.keys(b).length &&
    Object.keys(a).every((key) => isSame(a[key], b[key])));

function same(actual, expected, what) {
  if (!isSame(actual, expected)) throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
}

function holds(fact, what) {
  if (!fact) throw new Error(`does not hold: ${what}`);
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
// not every environment has a TextDecoder
const textOf = (base64) =>
  decodeURIComponent(Array.from(fromBase64(base64), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
const FILE = [0, 1, 2, 127, 128, 254, 255];

let scopes = 0;
/** A path prefix that no other check and no other run uses. */
const newScope = () => `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}${++scopes}`;

/** A separate back end, a session that is signed in there, and clients with and without it. */
function setUp({ renewal, rxjs, origin, transport }, options = {}) {
  const baseUrl = `${origin}/${newScope()}/`;
  const send = (api, path) => rxjs.firstValueFrom(api.get$(path));
  const http = renewal.createApi({ baseUrl, transport: transport() });
  const session = renewal.createSession({
    store: renewal.memoryStore({ accessToken: 'a1', refreshToken: 'r1' }),
    refresh: ({ refreshToken }) => http.post$('refresh', { refreshToken }),
    ...options,
  });
  const api = http.extend({ session });
  return {
    http,
    session,
    api,
    expire: () => send(http, 'expire'),
    revoke: () => send(http, 'revoke'),
    record: () => send(http, 'record'),
  };
}

/** The error of a request. */
async function errorOf({ rxjs }, request$) {
  let value;
  try {
    value = await rxjs.lastValueFrom(request$, { defaultValue: undefined });
  } catch (error) {
    return error;
  }
  throw new Error(`expected an error, got ${show(value)}`);
}

const bytesOf = async (value) => {
  if (typeof value.arrayBuffer === 'function') return [...new Uint8Array(await value.arrayBuffer())];
  if (typeof value.byteLength === 'number') return [...new Uint8Array(value)];
  // a Blob of jsdom has no arrayBuffer method
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve([...new Uint8Array(reader.result)]);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(value);
  });
};

/** Polls the back end until it has seen the expected request. */
async function until(record, has) {
  for (let tries = 0; tries < 200; tries += 1) {
    const seen = await record();
    if (has(seen)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the server has not seen it within 5 s');
}

async function storm(context, signal) {
  const { rxjs } = context;
  const { api, expire, record } = setUp(context);
  await expire();
  const requests = Array.from({ length: 10 }, (_, id) => api.get$('orders', { params: { id, signal } }));
  const orders = await rxjs.firstValueFrom(rxjs.forkJoin(requests));
  same(
    orders,
    Array.from({ length: 10 }, (_, id) => ({ id: `${id}`, name: 'Ærø ☃' })),
    'the orders',
  );
  same((await record()).refreshes, 1, 'the number of refreshes');
}

async function download(context, responseType, signal) {
  const { rxjs } = context;
  const { api, expire, record } = setUp(context);
  await expire();
  const file = await rxjs.firstValueFrom(api.get$('file', { responseType, params: { signal } }));
  same(await bytesOf(file), FILE, 'the bytes');
  same((await record()).refreshes, 1, 'the number of refreshes');
}

function makeForm() {
  const form = new FormData();
  form.append('name', 'Ærø');
  form.append('file', new File(['one\r\ntwo'], 'orders.csv', { type: 'text/csv' }));
  return form;
}

/** A form as the server has parsed it: its boundary is in the header and around each part. */
function isForm({ type, body }) {
  const [, boundary = ''] = /^multipart\/form-data; *boundary="?([^";]+)"?$/i.exec(type) ?? [];
  holds(boundary !== '', `a form has a boundary in its content type, which is "${type}"`);
  const text = textOf(body);
  holds(
    text.startsWith(`--${boundary}\r\n`) && text.trimEnd().endsWith(`--${boundary}--`),
    'the boundary is in the body',
  );
  holds(/name="name"(\r\n[^\r\n]+)*\r\n\r\nÆrø\r\n/.test(text), 'the field is in the body');
  const file = /filename="orders\.csv"(\r\n[^\r\n]+)*\r\n\r\none\r\ntwo\r\n/;
  holds(file.test(text), `the file is in the body: ${JSON.stringify(text)}`);
}

const code = (context, error, expected) => {
  const { renewal } = context;
  same(error?.code, expected, `the code of ${error}`);
  holds(
    renewal.isApiError(error, expected) && error instanceof renewal.ApiError && error instanceof Error,
    'it is ours',
  );
};

const sendBody = async (context, body, options) => {
  const { http } = setUp(context);
  return context.rxjs.firstValueFrom(http.post$('echo', body, options));
};

/** The checks, by title. A context: `renewal`, `rxjs`, `origin` of the server, and `transport`, which makes one. */
export const checks = {
  'ten requests share one refresh after HTTP 401': (context) => storm(context, '401'),
  'ten requests share one refresh after code 1002': (context) => storm(context, '1002'),
  'a blob is downloaded after HTTP 401': (context) => download(context, 'blob', '401'),
  'a blob that says code 1002 is a reason to refresh': (context) => download(context, 'blob', '1002'),
  'an arraybuffer is downloaded after HTTP 401': (context) => download(context, 'arraybuffer', '401'),
  'an arraybuffer that says code 1002 is a reason to refresh': (context) => download(context, 'arraybuffer', '1002'),
  'a refused refresh ends the session for every waiting request': async (context) => {
    const { renewal, rxjs } = context;
    const { api, revoke, session, record } = setUp(context);
    await revoke();
    const failed = (id) => errorOf(context, api.get$('orders', { params: { id } }));
    const errors = await Promise.all(Array.from({ length: 10 }, (_, id) => failed(id)));
    for (const error of errors) code(context, error, 'session-expired');
    holds(
      errors.every((error) => error instanceof renewal.SessionExpiredError),
      'each is a SessionExpiredError',
    );
    same((await rxjs.firstValueFrom(session.state$)).status, 'signed-out', 'the state');
    same((await record()).refreshes, 1, 'the number of refreshes');
  },
  'JSON is sent and received': async (context) => {
    const { method, type, body } = await sendBody(context, { name: 'Ærø', list: [1, null] });
    same(method, 'POST', 'the method');
    holds(type.startsWith('application/json'), 'the content type is JSON');
    same(JSON.parse(textOf(body)), { name: 'Ærø', list: [1, null] }, 'the body');
  },
  'text is sent as it is': async (context) => {
    const { type, body } = await sendBody(context, 'Ærø ☃');
    holds(type.startsWith('text/plain'), `the content type is text, it is "${type}"`);
    same(textOf(body), 'Ærø ☃', 'the body');
  },
  'parameters are sent as a form': async (context) => {
    const { type, body } = await sendBody(context, new URLSearchParams({ a: '1', b: 'Æ' }));
    holds(type.startsWith('application/x-www-form-urlencoded'), `the content type is that of a form, it is "${type}"`);
    same(textOf(body), 'a=1&b=%C3%86', 'the body');
  },
  'a form is sent with its boundary': async (context) => {
    isForm(await sendBody(context, makeForm()));
  },
  'a form is sent again after a refresh, byte for byte': async (context) => {
    const { rxjs } = context;
    const { api, expire, record } = setUp(context);
    await expire();
    isForm(await rxjs.firstValueFrom(api.post$('echo', makeForm(), { params: { session: 1 } })));
    const { requests } = await record();
    const bodies = requests.filter(({ method }) => method === 'POST');
    same(bodies.length, 2, 'the number of attempts');
    for (const sent of bodies) isForm(sent);
  },
  'a blob is sent with its type': async (context) => {
    const { type, body } = await sendBody(context, new Blob([Uint8Array.from(FILE)], { type: 'image/x-test' }));
    same(type, 'image/x-test', 'the content type');
    same([...fromBase64(body)], FILE, 'the bytes');
  },
  'bytes are sent as they are': async (context) => {
    const { body } = await sendBody(context, Uint8Array.from(FILE).subarray(1, 5));
    same([...fromBase64(body)], FILE.slice(1, 5), 'the bytes');
  },
  'text and compressed JSON are decoded, and no content is null': async (context) => {
    const { rxjs } = context;
    const { http } = setUp(context);
    same(await rxjs.firstValueFrom(http.get$('text', { responseType: 'text' })), 'Ærø ☃', 'the text');
    same(await rxjs.firstValueFrom(http.get$('gzip')), { packed: true }, 'the JSON');
    same(await rxjs.firstValueFrom(http.delete$('empty')), null, 'no content');
  },
  'unsubscribing aborts the request on the wire': async (context) => {
    const { http, record } = setUp(context);
    const subscription = http.get$('never').subscribe();
    await until(record, ({ requests }) => requests.length === 1);
    subscription.unsubscribe();
    await until(record, ({ aborted }) => aborted === 1);
  },
  'a request that takes too long is a timeout, and is aborted on the wire': async (context) => {
    const { http, record } = setUp(context);
    code(context, await errorOf(context, http.get$('never', { timeoutMs: 300 })), 'timeout');
    await until(record, ({ aborted }) => aborted === 1);
  },
  'a status of 404 is an HttpStatusError with the body': async (context) => {
    const { http } = setUp(context);
    const error = await errorOf(context, http.get$('missing'));
    code(context, error, 'status');
    same(error.status, 404, 'the status');
    same(error.response.body, { message: 'no such order' }, 'the body');
  },
  'a broken connection is a NetworkError': async (context) => {
    const { http } = setUp(context);
    code(context, await errorOf(context, http.post$('broken', 'x')), 'network');
  },
  'JSON that ends early is a ResponseParseError': async (context) => {
    const { http } = setUp(context);
    code(context, await errorOf(context, http.get$('malformed')), 'parse');
  },
  'a url, a header and a body that cannot be sent are InvalidRequestErrors': async (context) => {
    const { http } = setUp(context);
    const circular = {};
    circular.self = circular;
    code(context, await errorOf(context, http.get$('http://[')), 'request');
    code(context, await errorOf(context, http.get$('text', { headers: { 'x-name': 'a\nb' } })), 'request');
    code(context, await errorOf(context, http.post$('echo', circular)), 'request');
  },
};

/** If there is no XMLHttpRequest, `ajaxTransport` has to name a remedy. */
export async function withoutXhr({ renewal, rxjs, origin }) {
  const context = { renewal, rxjs, origin, transport: () => renewal.ajaxTransport() };
  const error = await errorOf(context, setUp(context).http.get$('text', { responseType: 'text' }));
  code(context, error, 'request');
  holds(/XMLHttpRequest/.test(error.message), `it names what is missing: ${error.message}`);
  holds(/fetchTransport\(\)/.test(error.message), `it names what helps: ${error.message}`);
}
