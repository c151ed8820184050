import { type ApiOptions, createApi, type Params } from 'renewal';
import { EMPTY } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { outcomeOf } from '../support/http-client';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the transport is given for this url. */
const resolved = (url: string, options: ApiOptions = {}, params: Params = {}): string | undefined => {
  let found: string | undefined;
  const transport: ApiOptions['transport'] = (request) => {
    found = request.url;
    return EMPTY;
  };
  outcomeOf(createApi({ ...options, transport }).get$(url, { params }));
  return found;
};

describe('params', () => {
  it.each<[string, Params, string]>([
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
    ['?y', '/v1/?y&p=1'],
    ['', '/v1/?p=1'],
  ])('leave what stands in %j as it is', (url, whole) => {
    const params = { p: 1 };
    expect(resolved(url, { baseUrl: 'https://h.test/v1' }, params)).toBe(`https://h.test${whole}`);
    expect(resolved(url, { baseUrl: 'https://h.test/v1' })).toBe(
      `https://h.test${whole.replace(/\?p=1$|[?&]p=1(?=#|$)/, '')}`,
    );
  });

  it('are added to a url that stays relative, too', () => {
    expect(resolved('/x?y#h', {}, { p: 1 })).toBe('/x?y&p=1#h');
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
    ['https://h.test/api', '/orders', 'https://h.test/orders'],
    ['https://h.test/api', '', 'https://h.test/api/'],
    ['https://h.test/api', '?page=2', 'https://h.test/api/?page=2'],
    ['https://h.test/api.v1', 'orders', 'https://h.test/api.v1/orders'],
    ['https://h.test/api?key=1#x', 'orders', 'https://h.test/api/orders'],
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
});

describe('without a baseUrl and a page', () => {
  it.each(['/orders', 'orders', '../orders', '?x', '/č?y#z', '/a b', ''])('%j stays as it is', (url) => {
    expect(resolved(url)).toBe(url);
  });

  it('an absolute url is resolved', () => {
    expect(resolved('https://h.test/a/../č')).toBe('https://h.test/%C4%8D');
  });

  it('a url with a host but without a scheme does not become one of http in silence', () => {
    expect(resolved('//h.test/a')).not.toBe('http://h.test/a');
  });
});
