import type { HttpEvent, HttpProgressEvent } from 'renewal';
import { firstValueFrom, toArray } from 'rxjs';
import type { Context, Reply, Statement } from '../context';
import { apiOf, holds, path, replyPath, same, signedIn } from '../tools';

const SIZE = 300_000;
const LARGE: Reply = { text: 'x', times: SIZE };

const get = (context: Context, reply: Reply, origin = context.origins.own): Promise<HttpEvent[]> => {
  const options = { reportProgress: true, responseType: 'text' } as const;
  return firstValueFrom(
    apiOf(context)
      .request$('GET', origin + replyPath(reply), options)
      .pipe(toArray()),
  );
};

const only = (events: readonly HttpEvent[], type: HttpProgressEvent['type']): HttpProgressEvent[] =>
  events.filter((event): event is HttpProgressEvent => event.type === type);

/** Throws unless it begins with 0, never goes back, and ends with what is expected. */
const rises = (progress: readonly HttpProgressEvent[], last: Omit<HttpProgressEvent, 'type'>): void => {
  const loaded = progress.map((event) => event.loaded);
  same(loaded[0], 0, 'the first');
  holds(
    loaded.every((bytes, index) => index === 0 || bytes >= Number(loaded[index - 1])),
    `it rises: ${loaded}`,
  );
  const { type: _, ...end } = Object(progress.at(-1));
  same(end, last, 'the last');
};

export const progress: readonly Statement[] = [
  {
    title: 'comes in order: handed over, then bytes, then the answer, once each',
    run: async (context) => {
      const types = (await get(context, LARGE)).map(({ type }) => type);
      same(types[0], 'sent');
      same(types.at(-1), 'response');
      same(types.filter((type) => type === 'sent' || type === 'response').length, 2);
    },
  },
  {
    title: 'comes not where it was not asked for',
    run: async (context) => {
      const types = await firstValueFrom(
        apiOf(context).request$('GET', replyPath(LARGE), { responseType: 'text' }).pipe(toArray()),
      );
      same(
        types.map(({ type }) => type),
        ['response'],
      );
    },
  },
  {
    title: 'of a download goes from 0 to its length, which is the total',
    run: async (context) => rises(only(await get(context, LARGE), 'download'), { loaded: SIZE, total: SIZE }),
  },
  {
    title: 'of a download whose length is not told has no total',
    run: async (context) => rises(only(await get(context, { ...LARGE, chunked: true }), 'download'), { loaded: SIZE }),
  },
  {
    title: 'of a compressed download never goes beyond its total, and ends at it, where it names one',
    run: async (context) => {
      const downloads = only(await get(context, { ...LARGE, zip: true }), 'download');
      for (const { loaded, total = loaded } of downloads) holds(loaded <= total, `${loaded} are not beyond ${total}`);
      // What moves is counted compressed or not, but both alike.
      const { loaded, total = loaded } = Object(downloads.at(-1));
      same([downloads.length > 0, loaded], [true, total]);
    },
  },
  {
    title: 'of a download from another origin has its total, where the platform is sure of it',
    run: async (context) => {
      const known = context.can.totalAcrossOrigins && { total: SIZE };
      rises(only(await get(context, LARGE, context.origins.other), 'download'), { loaded: SIZE, ...known });
    },
  },
  {
    title: 'of a download gives the same answer as without',
    run: async (context) => {
      const base64 = btoa(String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte)));
      for (const responseType of ['arraybuffer', 'blob'] as const) {
        const options = { responseType, reportProgress: true } as const;
        const events = await firstValueFrom(
          apiOf(context).request$('GET', replyPath({ base64 }), options).pipe(toArray()),
        );
        const bytes = await new Response(Object(events.at(-1)).body).arrayBuffer();
        same(btoa(String.fromCharCode(...new Uint8Array(bytes))), base64, responseType);
      }
    },
  },
  {
    title: 'of an upload goes from 0 to its length, where the platform tells',
    run: async (context) => {
      const body = new Uint8Array(SIZE);
      const request$ = apiOf(context).request$('POST', '/echo', { body, reportProgress: true });
      const events = await firstValueFrom(request$.pipe(toArray()));
      const uploads = only(events, 'upload');
      if (!context.can.uploadProgress) return same(uploads, []);
      rises(uploads, { loaded: SIZE, total: SIZE });
    },
  },
  {
    title: 'begins again at 0 with the second attempt, which says that it is sent',
    run: async (context) => {
      const { api } = signedIn(context);
      const body = new Uint8Array(SIZE);
      const request$ = api.request$('POST', path('guarded', { by: 'T2' }), { body, reportProgress: true });
      const events = await firstValueFrom(request$.pipe(toArray()));
      const second = events.map(({ type }) => type).lastIndexOf('sent');
      same(events.filter(({ type }) => type === 'sent').length, 2);
      for (const attempt of [events.slice(0, second), events.slice(second)]) {
        same(only(attempt, 'download')[0]?.loaded, 0);
        const uploads = only(attempt, 'upload');
        if (context.can.uploadProgress) rises(uploads, { loaded: SIZE, total: SIZE });
        else same(uploads, []);
      }
      same(events.filter(({ type }) => type === 'response').length, 1);
    },
  },
];
