import { type ApiOptions, createApi, type ParamsInput } from 'renewal';
import { EMPTY } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { outcomeOf, shownOf } from '../support/http-client';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the transport is given for this url. */
const resolved = (url: string | URL, options: ApiOptions = {}, params: ParamsInput = {}): string | undefined => {
  let found: string | undefined;
  const transport: ApiOptions['transport'] = (request) => {
    found = request.url;
    return EMPTY;
  };
  outcomeOf(createApi({ ...options, transport }).get$(url, { params }));
  return found;
};

describe('params', () => {
  it.each<[string, ParamsInput, string]>([
    ['values of all kinds', { a: 'x', b: 1, c: true, d: false, e: 0, f: '' }, '?a=x&b=1&c=true&d=false&e=0&f='],
    ['a list, whose name is repeated', { a: [1, 'b', false] }, '?a=1&a=b&a=false'],
    ['no null and no undefined', { a: null, b: undefined, c: 1 }, '?c=1'],
    ['nothing for an empty list', { a: [] }, ''],
    ['nothing for no params', {}, ''],
    ['nothing for params that are all left out', { a: null }, ''],
    ['what has to be encoded', { 'a b': 'ü&=?#/+%' }, '?a+b=%C3%BC%26%3D%3F%23%2F%2B%25'],
    ['the order they are given in', { b: 1, a: 2 }, '?b=1&a=2'],
    ['URLSearchParams as they are', new URLSearchParams('b=2&a=1&a=%20'), '?b=2&a=1&a=+'],
    ['nothing for empty URLSearchParams', new URLSearchParams(), ''],
  ])('add to the query %s', (_, params, query) => {
    expect(resolved('/x', { baseUrl: 'https://h.test' }, params)).toBe(`https://h.test/x${query}`);
  });

  it.each([
    ['/x', '/x?p=1'],
    ['/x?', '/x?&p=1'],
    ['/x?y', '/x?y&p=1'],
    ['/x?p=0', '/x?p=0&p=1'],
    ['/x?y=%20+;z&%c3%bc&&=%2F', '/x?y=%20+;z&%c3%bc&&=%2F&p=1'],
    ['/x#h', '/x?p=1#h'],
    ['/x#h?i', '/x?p=1#h?i'],
    ['/x?y#h?i#j', '/x?y&p=1#h?i#j'],
    ['?y', '?y&p=1'],
    ['', '?p=1'],
  ])('leave what stands in %j as it is', (url, whole) => {
    const params = { p: 1 };
    expect(resolved(url, { baseUrl: 'https://h.test/v1' }, params)).toBe(`https://h.test/v1${whole}`);
    expect(resolved(url, { baseUrl: 'https://h.test/v1' })).toBe(
      `https://h.test/v1${whole.replace(/\?p=1$|[?&]p=1(?=#|$)/, '')}`,
    );
  });

  it('are added to a url that stays relative, too', () => {
    expect(resolved('/x?y#h', {}, { p: 1 })).toBe('/x?y&p=1#h');
  });

  it('may be what an interface describes', () => {
    interface Filter {
      page: number;
      tags?: string[];
    }
    const filter: Filter = { page: 2, tags: ['a', 'b'] };
    expect(resolved('/x', {}, filter)).toBe('/x?page=2&tags=a&tags=b');
  });

  /** As another realm or a polyfill has it: pairs, and nothing of this realm. */
  const foreign = {
    *[Symbol.iterator](): Generator<[string, string]> {
      yield ['a', '1'];
      yield ['a', 'ü'];
    },
  };

  it.each<[string, ParamsInput]>([
    [
      'a Map',
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ],
    [
      'pairs',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['the entries of a form, in an array', [...new URLSearchParams('a=1&b=2').entries()]],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1, b: 2 })],
  ])('may be %s', (_, params) => {
    expect(resolved('/x', {}, params)).toBe('/x?a=1&b=2');
  });

  it('may be URLSearchParams of another realm', () => {
    expect(resolved('/x', {}, foreign)).toBe('/x?a=1&a=%C3%BC');
  });

  it('of a Map may repeat a name, too', () => {
    const params = new Map<string, unknown>([
      ['a', [1, null, 2]],
      ['b', undefined],
    ]);
    expect(resolved('/x', {}, params as Map<string, string>)).toBe('/x?a=1&a=2'); // what JavaScript may pass
  });

  it.each<[string, unknown, string]>([
    ['a nested object', { a: { b: 'hidden' } }, 'params.a'],
    ['a nested list', { 'a[]': [['hidden']] }, 'params.a[]'],
    ['an object in a list', { a: [1, {}] }, 'params.a'],
    ['a date', { a: new Date(0) }, 'params.a'],
    ['a function', { a: () => 'hidden' }, 'params.a'],
    ['a symbol', { a: Symbol('hidden') }, 'params.a'],
    ['a bigint', { a: 1n }, 'params.a'],
    ['a Map of objects', new Map([['a', {}]]), 'params.a'],
    ['a name that may be a secret', { 'hidden hidden': {} }, 'params.…'],
    ['a text', 'a=hidden', 'params'],
    ['a number', 7, 'params'],
    ['null', null, 'params'],
    ['a date for all', new Date(0), 'params'],
    ['a function for all', () => 'hidden', 'params'],
    ['a promise', Promise.resolve({ a: 'hidden' }), 'params'],
    ['a Set', new Set(['hidden']), 'params'],
    ['values without names', ['hidden'], 'params'],
  ])('are refused with %s, and named', (_, params, name) => {
    // The same.
    const { error } = outcomeOf(createApi({ baseUrl: 'https://h.test' }).get$('/x', { params: params as ParamsInput }));
    expect(error).toMatchObject({ code: 'request', message: expect.stringContaining(`: ${name}: expected `) });
    expect(shownOf(error)).not.toContain('hidden');
  });
});

describe('baseUrl', () => {
  it.each([
    ['https://h.test', '/orders', 'https://h.test/orders'],
    ['https://h.test', 'orders', 'https://h.test/orders'],
    ['https://h.test/api', 'orders', 'https://h.test/api/orders'],
    ['https://h.test/api/', 'orders', 'https://h.test/api/orders'],
    ['https://h.test/api', './orders', 'https://h.test/api/orders'],
    ['https://h.test/api', '../orders', 'https://h.test/orders'],
    ['https://h.test/api', '../../../orders', 'https://h.test/orders'],
    ['https://h.test/api/v1', '../v2/orders', 'https://h.test/api/v2/orders'],
    ['https://h.test/api/v1', '/../v2/orders', 'https://h.test/api/v2/orders'],
    ['https://h.test/api/v1', '/orders', 'https://h.test/api/v1/orders'],
    ['https://h.test/api/v1/', '/orders', 'https://h.test/api/v1/orders'],
    ['https://h.test/api', '/', 'https://h.test/api/'],
    ['https://h.test/api', '/?page=2', 'https://h.test/api/?page=2'],
    ['https://h.test/api', '', 'https://h.test/api'],
    ['https://h.test/api/', '', 'https://h.test/api/'],
    ['https://h.test/api', '?page=2', 'https://h.test/api?page=2'],
    ['https://h.test/api', '#part', 'https://h.test/api#part'],
    ['https://h.test', '', 'https://h.test/'],
    ['https://h.test/api', ' /orders ', 'https://h.test/api/orders'],
    ['https://h.test/api', '\\orders', 'https://h.test/api/orders'],
    ['https://h.test/api.v1', 'orders', 'https://h.test/api.v1/orders'],
    ['https://h.test/api', 'https:orders', 'https://orders/'],
    ['https://h.test:8443/api', 'orders', 'https://h.test:8443/api/orders'],
    ['http://[::1]:80/api', 'orders', 'http://[::1]/api/orders'],
    ['https://h.test', '//other.test/x', 'https://other.test/x'],
    ['https://h.test', 'http://other.test/x', 'http://other.test/x'],
    ['https://h.test/api', 'orders:1', undefined],
    ['https://h.test/api', './orders:1', 'https://h.test/api/orders:1'],
  ])('%s makes of %j', (baseUrl, url, whole) => {
    expect(resolved(url, { baseUrl })).toBe(whole);
  });

  it.each([
    ['/č', '/%C4%8D'],
    ['/a b', '/a%20b'],
    ['/%C4%8D', '/%C4%8D'],
    ['/%c4%8d%2F', '/%c4%8d%2F'],
    ['/x?č', '/x?%C4%8D'],
    ['/😀', '/%F0%9F%98%80'],
  ])('lets %s be what can travel', (url, whole) => {
    expect(resolved(url, { baseUrl: 'https://h.test' })).toBe(`https://h.test${whole}`);
  });

  it.each([
    ['/api', 'orders', 'https://shop.test/api/orders'],
    ['api', 'orders', 'https://shop.test/cart/api/orders'],
    ['/api', '/orders', 'https://shop.test/api/orders'],
    ['//other.test/api', 'orders', 'https://other.test/api/orders'],
    ['https://other.test', 'orders', 'https://other.test/orders'],
    [undefined, 'orders', 'https://shop.test/cart/orders'],
    [undefined, '/orders', 'https://shop.test/orders'],
  ])('%s is relative to the page, where there is one', (baseUrl, url, whole) => {
    vi.stubGlobal('location', { href: 'https://shop.test/cart/index.html?x#y' });
    expect(resolved(url, baseUrl === undefined ? {} : { baseUrl })).toBe(whole);
  });

  it('is relative to the base of the document, where that is another than the page', () => {
    vi.stubGlobal('location', { href: 'https://shop.test/cart/index.html' });
    vi.stubGlobal('document', { baseURI: 'https://shop.test/assets/' });
    expect(resolved('x')).toBe('https://shop.test/assets/x');
  });

  it.each([
    'https://h.test/api?key=1',
    'https://h.test/api#x',
    'https://h.test/?',
    'https://h.test#',
    new URL('https://h.test?a'),
  ])('with a query or a hash is refused: %s', (baseUrl) => {
    expect(() => createApi({ baseUrl })).toThrow(new TypeError('baseUrl: expected a URL without a query or a hash'));
  });

  it('may be a URL, of any realm', () => {
    expect(resolved('/orders', { baseUrl: new URL('https://h.test/v1') })).toBe('https://h.test/v1/orders');
    const foreign = Object.create(null, { href: { value: 'https://h.test/v1' } });
    expect(resolved('/orders', { baseUrl: foreign })).toBe('https://h.test/v1/orders');
  });
});

describe('a url', () => {
  it('may be a URL, of any realm', () => {
    const foreign = Object.create(null, { href: { value: 'https://other.test/a?b' } });
    for (const url of [new URL('https://other.test/a?b'), foreign]) {
      expect(resolved(url, { baseUrl: 'https://h.test/v1' }, { c: 1 })).toBe('https://other.test/a?b&c=1');
    }
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', {}],
    ['a symbol', Symbol('hidden')],
    ['a list', ['/a']],
  ])('that is %s is refused, and not sent as its name', (_, url) => {
    const outcome = outcomeOf(createApi({ baseUrl: 'https://h.test' }).get$(url as string)); // what JavaScript may pass
    expect(outcome.error).toMatchObject({ code: 'request', message: 'GET : url: expected a string or a URL' });
  });
});

describe('without a baseUrl and a page', () => {
  it.each(['/orders', 'orders', '../orders', '?x', '/č?y#z', '/a b', ''])('%j stays as it is', (url) => {
    expect(resolved(url)).toBe(url);
  });

  it('an absolute url is resolved', () => {
    expect(resolved('https://h.test/a/../č')).toBe('https://h.test/%C4%8D');
  });

  it.each(['//h.test/a', '//a.invalid/a', '//b.invalid/a', '/\\a.invalid', '/\t/a.invalid/'])(
    'does not turn a url with a host but no scheme into an http url: %j',
    (url) => {
      expect(resolved(url)).toBeUndefined();
    },
  );
});

describe('a platform that cannot parse urls', () => {
  const sent: string[] = [];
  const transport: ApiOptions['transport'] = ({ url }) => {
    sent.push(url);
    return EMPTY;
  };

  /** As React Native has it: it takes any text, and knows nothing of it. */
  class HalfUrl {
    constructor(readonly href: string) {}

    get protocol(): string {
      throw new Error('not implemented');
    }

    get origin(): string {
      throw new Error('not implemented');
    }
  }

  const why = 'is missing or incomplete here; load a polyfill first, such as react-native-url-polyfill or core-js';

  it.each([
    ['no URL', undefined],
    ['half of one', HalfUrl],
  ])('says so, with %s', (_, URL) => {
    vi.stubGlobal('URL', URL);
    expect(() => createApi({ baseUrl: 'https://h.test' })).toThrow(new TypeError(`baseUrl: URL ${why}`));
    expect(() => createApi({ allowedOrigins: ['https://h.test'] })).toThrow(
      new TypeError(`allowedOrigins: URL ${why}`),
    );
    const { error } = outcomeOf(createApi({ transport }).get$('https://h.test/a?b'));
    expect(error).toMatchObject({ code: 'request', message: `GET https://h.test/a: url: URL ${why}` });
  });

  it('says so without URLSearchParams, when they are needed', () => {
    vi.stubGlobal('URLSearchParams', undefined);
    const api = createApi({ baseUrl: 'https://h.test', transport });
    const { error } = outcomeOf(api.get$('/a', { params: { b: 1 } }));
    expect(error).toMatchObject({ code: 'request', message: `GET /a: URLSearchParams ${why}` });
    outcomeOf(api.get$('/without'));
    expect(sent).toContain('https://h.test/without');
  });

  it('works once it has loaded one', () => {
    const polyfill = URL;
    vi.stubGlobal('URL', HalfUrl);
    expect(() => createApi({ baseUrl: 'https://h.test' })).toThrow(TypeError);
    vi.stubGlobal('URL', polyfill);
    outcomeOf(createApi({ baseUrl: 'https://h.test', transport }).get$('/with'));
    expect(sent).toContain('https://h.test/with');
  });
});
