import { firstValueFrom } from 'rxjs';
import type { Context, Echo, Origins, Statement } from '../context';
import { apiOf, errorOf, path, same, textToBase64 } from '../tools';

/** What arrives after a redirect. */
const follow = async (
  context: Context,
  status: number,
  to: string,
  { method = 'GET', body, headers = {} }: { method?: string; body?: string; headers?: Record<string, string> } = {},
) => {
  const url = path('redirect', { status: `${status}`, to });
  const options = { headers, ...(body !== undefined && { body }) };
  return firstValueFrom(apiOf(context).request$<Echo>(method, url, options));
};

const places: readonly (readonly [string, (origins: Origins) => string, string])[] = [
  ['an absolute place', ({ own }) => `${own}/a/echo`, '/a/echo'],
  ['a place from the root', () => '/a/echo', '/a/echo'],
  ['a place beside it', () => 'echo?x=1', '/echo?x=1'],
  ['a place that leaves out the scheme', ({ own }) => `${own.slice(5)}/echo`, '/echo'],
  ['a place with a hash', () => '/echo#part', '/echo'],
];

export const redirects: readonly Statement[] = [
  {
    title: 'are an error if the options for fetch say so, and followed if the transport ignores those',
    run: async (context) => {
      const request$ = apiOf(context).get$<Echo>(path('redirect', { to: '/echo' }), { fetch: { redirect: 'error' } });
      if (context.can.fetchOptions) same((await errorOf(request$)).code, 'network');
      else same((await firstValueFrom(request$)).url, '/echo');
    },
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    title: `are followed, and the answer says where it came from (${status})`,
    run: async (context: Context) => {
      const { status: found, url, body } = await follow(context, status, '/echo?x=1');
      same([found, url, body.method], [200, `${context.origins.own}/echo?x=1`, 'GET']);
    },
  })),
  ...places.map(([what, to, arrives]) => ({
    title: `lead to ${what}`,
    run: async (context: Context) => same((await follow(context, 302, to(context.origins))).body.url, arrives),
  })),
  ...[301, 302, 303].map((status) => ({
    title: `make GET without a body of a POST (${status})`,
    run: async (context: Context) => {
      const { body } = await follow(context, status, '/echo', { method: 'POST', body: 'ü' });
      same([body.method, body.base64, body.headers['content-type']], ['GET', '', undefined]);
    },
  })),
  ...[307, 308].map((status) => ({
    title: `keep the method and the body (${status})`,
    run: async (context: Context) => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const headers = { 'content-type': 'text/x' };
        const { body } = await follow(context, status, '/echo', { method, body: 'ü', headers });
        same([body.method, body.base64, body.headers['content-type']], [method, textToBase64('ü'), 'text/x']);
      }
    },
  })),
  {
    title: 'keep HEAD',
    run: async (context) => {
      const { status, url } = await follow(context, 302, '/echo', { method: 'HEAD' });
      same([status, url], [200, `${context.origins.own}/echo`]);
    },
  },
  {
    title: 'within the origin keep the headers',
    run: async (context) => {
      const headers = { authorization: 'Bearer mine', 'x-one': '1' };
      const { body } = await follow(context, 302, '/echo', { headers });
      same([body.headers.authorization, body.headers['x-one']], ['Bearer mine', '1']);
    },
  },
  ...[302, 307].map((status) => ({
    title: `to another origin leave the authorization behind (${status})`,
    run: async (context: Context) => {
      const headers = { authorization: 'Bearer hidden' };
      const { body, url } = await follow(context, status, `${context.origins.other}/echo`, { headers });
      same([body.headers.authorization, url], [undefined, `${context.origins.other}/echo`]);
    },
  })),
  {
    title: 'to another origin and back do not bring the authorization back',
    run: async (context) => {
      const { own, other } = context.origins;
      const back = other + path('redirect', { to: `${own}/echo` });
      const { body, url } = await follow(context, 302, back, { headers: { authorization: 'Bearer hidden' } });
      same([body.headers.authorization, url], [undefined, `${own}/echo`]);
    },
  },
  ...['http://[', 'http://shop.test:99999/', 'ftp://shop.test/', 'javascript:1', 'mailto:a@shop.test'].map((to) => ({
    title: `that lead nowhere are an error of the network: ${to}`,
    run: async (context: Context) =>
      same((await errorOf(apiOf(context).get$(path('redirect', { to })))).code, 'network'),
  })),
];
