import { createApi, type ParamsInput } from 'renewal';
import { firstValueFrom } from 'rxjs';
import type { Context, Echo, Origins, Statement } from '../context';
import { apiOf, errorOf, hitsOf, newId, path, same, until } from '../tools';

interface Case {
  readonly what: string;
  readonly url: string | ((origins: Origins) => string);
  readonly params?: ParamsInput;
  /** Relative to the origin of the server. */
  readonly base?: string;
  /** What arrives. */
  readonly arrives: string;
  readonly at?: 'own' | 'other';
}

const cases: readonly Case[] = [
  { what: 'as they are', url: '/echo?a=%2F&b', arrives: '/echo?a=%2F&b' },
  {
    what: 'with params, of which a list repeats its name and null and undefined are left out',
    url: '/echo',
    params: { a: [1, 'b', true], c: null, d: undefined, e: '', f: 'a b&=ü', g: 0, h: [], i: false },
    arrives: '/echo?a=1&a=b&a=true&e=&f=a+b%26%3D%C3%BC&g=0&i=false',
  },
  { what: 'with URLSearchParams', url: '/echo', params: new URLSearchParams('a=1&a=2'), arrives: '/echo?a=1&a=2' },
  {
    what: 'with a query that they had',
    url: '/echo?flag&x=%20;+',
    params: { a: 1 },
    arrives: '/echo?flag&x=%20;+&a=1',
  },
  {
    what: 'without their hash, which stays at home',
    url: '/echo?x=1#part',
    params: { a: 1 },
    arrives: '/echo?x=1&a=1',
  },
  { what: 'with params in front of a hash', url: '/echo#part?x', params: { a: '#' }, arrives: '/echo?a=%23' },
  { what: 'of no params without a question mark', url: '/echo', params: {}, arrives: '/echo' },
  { what: 'relative to the path of baseUrl', url: 'echo', base: '/api/v1', arrives: '/api/v1/echo' },
  {
    what: 'relative to the path of baseUrl, which may end with a slash',
    url: 'a/echo',
    base: '/api/',
    arrives: '/api/a/echo',
  },
  {
    what: 'appended to the path of baseUrl, with a slash too',
    url: '/echo',
    base: '/api/v1/',
    arrives: '/api/v1/echo',
  },
  { what: 'as the baseUrl, with nothing to append but a query', url: '?x', base: '/echo', arrives: '/echo?x' },
  { what: 'up from the path of baseUrl', url: '../echo?x', base: '/api/v1/', arrives: '/api/echo?x' },
  { what: 'that are absolute', url: ({ other }) => `${other}/echo`, base: '/api', arrives: '/echo', at: 'other' },
  { what: 'that leave out the scheme', url: ({ other }) => `${other.slice(5)}/echo`, arrives: '/echo', at: 'other' },
  { what: 'that are not ASCII', url: '/č/ü/😀/echo?č=ü', arrives: '/%C4%8D/%C3%BC/%F0%9F%98%80/echo?%C4%8D=%C3%BC' },
  { what: 'that are encoded already, once', url: '/%C4%8D%2F/echo?a=%25', arrives: '/%C4%8D%2F/echo?a=%25' },
  { what: 'with spaces, quotes and lines, encoded', url: '/a "b"/c\n/echo?d e', arrives: '/a%20%22b%22/c/echo?d%20e' },
];

const toUrl = ({ url }: Case, origins: Origins): string => (typeof url === 'string' ? url : url(origins));

export const urls: readonly Statement[] = [
  ...cases.map((it) => ({
    title: `go out ${it.what}`,
    run: async (context: Context) => {
      const { origins } = context;
      const api = apiOf(context, { baseUrl: `${origins.own}${it.base ?? ''}` });
      const echo = await firstValueFrom(api.get$<Echo>(toUrl(it, origins), it.params && { params: it.params }));
      same([`http://${echo.host}`, echo.url], [origins[it.at ?? 'own'], it.arrives]);
    },
  })),
  ...['http://[', 'http://a:99999/', 'ftp://shop.test/', 'http://a%2fb/', 'javascript:1', 'http://'].map((url) => ({
    title: `are refused where they are none of http: ${url}`,
    run: async (context: Context) => {
      same((await errorOf(apiOf(context).get$(url))).code, 'request');
    },
  })),
  {
    title: 'go out while the same one is in flight, so that a GET sees a write before it',
    run: async (context) => {
      const id = newId();
      const api = apiOf(context);
      const running = api.get$(path('never', { id })).subscribe();
      await until(context, id, 'arrived');
      await firstValueFrom(api.post$('/echo'));
      running.add(api.get$(path('never', { id })).subscribe());
      if (!context.can.joinsGets) await until(context, id, 'arrived', 2);
      await firstValueFrom(api.post$('/echo'));
      same((await hitsOf(context, id)).length, context.can.joinsGets ? 1 : 2);
      running.unsubscribe();
    },
  },
  {
    title: 'are relative to the page, and refused where there is none',
    run: async ({ transport, can }) => {
      const request$ = createApi({ transport }).get$<Echo>('/echo?a=1');
      if (can.page) same((await firstValueFrom(request$)).url, '/echo?a=1');
      else same((await errorOf(request$)).code, 'request');
    },
  },
];
