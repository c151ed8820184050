import { firstValueFrom } from 'rxjs';
import type { Context, Statement } from '../context';
import { apiOf, errorOf, hitsOf, newId, path, replyPath, same, signedIn, until } from '../tools';

const TEXT = '{"code":0,"ü":1}';

/** Runs a statement, if the transport streams; otherwise it has to say which one does. */
const streams = (title: string, run: (context: Context) => Promise<void>): Statement => ({
  title: `${title}, or is refused`,
  run: async (context) => {
    if (context.can.streamedResponse) return run(context);
    const { code, message } = await errorOf(apiOf(context).get$(path('echo'), { responseType: 'stream' }));
    same([code, message.includes('fetchTransport()')], ['request', true], message);
  },
});

const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();

export const streamed: readonly Statement[] = [
  streams('has all bytes', async (context) => {
    const url = replyPath({ text: TEXT, headers: { 'content-type': 'application/json' } });
    for (const api of [apiOf(context), signedIn(context).api])
      same(await textOf(await firstValueFrom(api.get$(url, { responseType: 'stream' }))), TEXT);
  }),
  streams('comes before its end, and closes the connection when it is cancelled', async (context) => {
    const id = newId();
    const url = path('stall', { id });
    const stream = await firstValueFrom(apiOf(context).get$(url, { responseType: 'stream' }));
    const reader = stream.getReader();
    same(new TextDecoder().decode((await reader.read()).value), '[1,2');
    await reader.cancel();
    await until(context, id, 'closed');
  }),
  ...['401', '1002'].map((says) =>
    streams(`is that of the second attempt where the first one says ${says}`, async (context) => {
      const id = newId();
      const { api, refreshes } = signedIn(context);
      const url = path('guarded', { id, by: 'T2', says });
      same(await textOf(await firstValueFrom(api.get$(url, { responseType: 'stream' }))), '{"base64":""}');
      same([(await hitsOf(context, id)).length, refreshes()], [2, 1]);
    }),
  ),
  streams('is no stream but JSON in an error', async (context) => {
    const url = replyPath({ status: 404, text: '{"message":"gone"}', headers: { 'content-type': 'application/json' } });
    const { response } = await errorOf(apiOf(context).get$(url, { responseType: 'stream' }));
    same(response?.body, { message: 'gone' });
  }),
];
