import { firstValueFrom, lastValueFrom, type Observable } from 'rxjs';
import type { Capabilities, Context, Origins, Statement } from '../context';
import { errorOf, hitsOf, holds, newId, path, same, signedIn } from '../tools';

/** What looks like the origin of the server, or is it in another spelling. `PATH` stands for the path and the query. */
interface LookAlike {
  readonly what: string;
  readonly url: (origins: Origins) => string;
  /** It is the origin, once it is parsed. */
  readonly isOwn?: true;
  /** Whether it goes out where it is asked for, and where a redirect leads to it. @defaultValue it does */
  readonly goesOut?: (can: Capabilities) => Capabilities['userInfo'];
}

const withUserInfo = ({ userInfo }: Capabilities) => userInfo;

const withTab = ({ followsTab }: Capabilities) => ({ sent: true, followed: followsTab });

const never = () => ({ sent: false, followed: false });

type Way = keyof Capabilities['userInfo'];

const table: readonly LookAlike[] = [
  { what: 'the host as a prefix of another', url: ({ host, port }) => `http://${host}.evil.test:${port}/PATH` },
  { what: 'the host as a suffix of another', url: ({ host, port }) => `http://evil${host}:${port}/PATH` },
  { what: 'a host below it', url: ({ host, port }) => `http://api.${host}:${port}/PATH` },
  { what: 'the host above it', url: ({ port }) => `http://test.test:${port}/PATH` },
  { what: 'the host with a dot at its end', url: ({ host, port }) => `http://${host}.:${port}/PATH` },
  { what: 'another port', url: ({ other }) => `${other}/PATH` },
  { what: 'the number of the host', url: ({ port }) => `http://127.0.0.1:${port}/PATH` },
  { what: 'the host in letters of another script', url: ({ port }) => `http://ѕhop.test:${port}/PATH` },
  { what: 'the origin in the path', url: ({ own, port }) => `http://evil.test:${port}/${own}/PATH` },
  { what: 'the origin in the query', url: ({ own, port }) => `http://evil.test:${port}/PATH&${own}/` },
  { what: 'the origin in the hash', url: ({ own, port }) => `http://evil.test:${port}/PATH#@${own.slice(7)}` },
  { what: 'the host behind a backslash', url: ({ host, port }) => `http://evil.test:${port}\\@${host}:${port}/PATH` },
  { what: 'backslashes', url: ({ port }) => `http:\\\\evil.test:${port}\\PATH` },
  { what: 'a path that is none', url: ({ port }) => `/\\evil.test:${port}/PATH` },
  { what: 'no scheme', url: ({ port }) => `//evil.test:${port}/PATH` },
  { what: 'one more slash', url: ({ port }) => `http:///evil.test:${port}/PATH` },
  { what: 'another host, encoded', url: ({ port }) => `http://%65vil%2Etest:${port}/PATH` },
  { what: 'a tab in another host', url: ({ port }) => `http://ev\til.test:${port}/PATH`, goesOut: withTab },
  {
    what: 'the origin as user info',
    url: ({ own, port }) => `${own}@evil.test:${port}/PATH`,
    goesOut: withUserInfo,
  },
  {
    what: 'the origin as user info, encoded',
    url: ({ host, port }) => `http://${host}%3A${port}%2F@evil.test:${port}/PATH`,
    goesOut: withUserInfo,
  },
  {
    what: 'an encoded slash behind the host',
    url: ({ host, port }) => `http://${host}%2F.evil.test:${port}/PATH`,
    goesOut: never,
  },
  {
    what: 'an encoded zero behind the host',
    url: ({ host, port }) => `http://${host}%00.evil.test:${port}/PATH`,
    goesOut: never,
  },
  { what: 'the origin itself', url: ({ own }) => `${own}/PATH`, isOwn: true },
  { what: 'the origin in upper case', url: ({ own }) => `${own.toUpperCase()}/PATH`, isOwn: true },
  { what: 'the origin, encoded', url: ({ port }) => `http://%73hop%2Etest:${port}/PATH`, isOwn: true },
  { what: 'the origin in wide letters', url: ({ port }) => `http://ｓｈｏｐ．ｔｅｓｔ:${port}/PATH`, isOwn: true },
];

/** As a location may be written: a header has ASCII only. */
const toLocation = (url: string): string => url.replace(/[^ -~\t]+/g, encodeURIComponent);

/** Waits for its end, whatever that is. */
const settled = (request$: Observable<unknown>): Promise<unknown> => lastValueFrom(request$).catch(() => {});

/** What came to the look-alike, by the id in its url. */
const arrivals = async (context: Context, it: LookAlike, way: Way, id: string, token: string): Promise<void> => {
  const { isOwn, goesOut } = it;
  const hits = await hitsOf(context, id);
  const tokens = hits.map(({ headers }) => headers.authorization);
  if (isOwn) return same(tokens, [token]);
  const isOut = goesOut?.(context.can)[way] ?? true;
  same(hits.length, isOut ? 1 : 0, 'how often it went out');
  const headers = JSON.stringify(hits.map((hit) => hit.headers));
  holds(!/\bT[12]\b/.test(headers), `there is no token in ${headers}`);
};

/** The url of a look-alike that takes `token` only, and where it is told so. */
const urlOf = ({ url }: LookAlike, { origins }: Context, id: string, token: string): string =>
  url(origins).replace('PATH', path('guarded', { id, by: token }).slice(1));

const statements = (it: LookAlike): readonly Statement[] => {
  const goes = it.isOwn ? 'goes' : 'does not go';
  return [
    {
      title: `${goes} to ${it.what}, on the first attempt`,
      run: async (context) => {
        const id = newId();
        const { api, refreshes } = signedIn(context);
        await settled(api.get$(urlOf(it, context, id, 'T1')));
        await arrivals(context, it, 'sent', id, 'Bearer T1');
        same(refreshes(), 0);
      },
    },
    {
      title: `${goes} to ${it.what}, after a redirect`,
      run: async (context) => {
        const id = newId();
        const { api, refreshes } = signedIn(context);
        const to = toLocation(urlOf(it, context, id, 'T1'));
        await settled(api.get$(path('guarded', { by: 'T1', to })));
        await arrivals(context, it, 'followed', id, 'Bearer T1');
        same(refreshes(), 0);
      },
    },
    {
      title: `${goes} to ${it.what}, on the second attempt`,
      run: async (context) => {
        const id = newId();
        const { api, refreshes } = signedIn(context);
        const to = toLocation(urlOf(it, context, id, 'T2'));
        await settled(api.get$(path('guarded', { by: 'T2', to })));
        await arrivals(context, it, 'followed', id, 'Bearer T2');
        same(refreshes(), 1);
      },
    },
  ];
};

export const tokenScope: readonly Statement[] = [
  ...table.flatMap(statements),
  {
    title: 'does not go to http where it may go to https',
    run: async (context) => {
      const id = newId();
      const { own } = context.origins;
      const { api } = signedIn(context, { allowedOrigins: [own.replace('http:', 'https:')] });
      same((await errorOf(api.get$(path('guarded', { id, by: 'T1' })))).code, 'status');
      same(
        (await hitsOf(context, id)).map(({ headers }) => headers.authorization),
        [undefined],
      );
    },
  },
  {
    title: 'goes to another origin that is allowed, and stays where a redirect leaves that',
    run: async (context) => {
      const { own, other } = context.origins;
      const [id, second] = [newId(), newId()];
      const { api } = signedIn(context, { allowedOrigins: [other] });
      same(await firstValueFrom(api.get$(other + path('guarded', { id, by: 'T1' }))), { base64: '' });
      await settled(api.get$(other + path('guarded', { by: 'T1', to: own + path('echo', { id: second }) })));
      same(
        (await hitsOf(context, second)).map(({ headers }) => headers.authorization),
        [undefined],
      );
    },
  },
];
