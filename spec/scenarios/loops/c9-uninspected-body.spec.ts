import type { HttpResponse, ResponseType } from 'renewal';
import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import type { Echo } from '../../support/server';
import { createClient, createExpiredClient } from '../../support/server-client';
import { createVirtualClient, type VirtualClient } from '../../support/virtual';
import { withServer } from '../../support/with-server';

const T2 = 'a.access.2';
const JSON_TYPE = 'application/json';

/** The maximum size of an inspected download. */
const INSPECTED = 64 * 1024;

// The buffer is never shared.
const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** Converts a text to the body types of a transport. */
const AS: Readonly<Record<Exclude<ResponseType, 'stream'>, (text: string) => unknown>> = {
  json: (text) => JSON.parse(text),
  text: (text) => text,
  blob: (text) => new Blob([text]),
  arraybuffer: bytesOf,
};
const TYPES = Object.keys(AS) as (keyof typeof AS)[]; // the keys are the types above
const DOWNLOADS = TYPES.filter((type) => type !== 'json');

const textOf = (body: unknown): Promise<string> => new Response(body as BodyInit).text(); // the body of a download

failureMode(
  {
    id: 'C9',
    title: 'The code is missed, or the check throws, if the body is a blob, bytes or a text',
    renewal:
      'A blob, a buffer or a text of at most 64 kB that begins like JSON is parsed for the check only, whatever its content type: the caller gets the response untouched. A body that cannot be parsed is judged by its status.',
  },
  (signal) => {
    const isStatus = signal === 'HTTP 401';
    const server = withServer(signal);

    /** A client whose response bodies `change` converts from JSON, and the responses of its transport. */
    const createDownloads = (
      change: (text: string) => unknown,
      contentType = JSON_TYPE,
    ): VirtualClient & { readonly answers: HttpResponse[] } => {
      const answers: HttpResponse[] = [];
      const client = createVirtualClient({
        signal,
        respond: (_, answer) => {
          const changed = {
            ...answer,
            headers: { 'content-type': contentType },
            body: change(JSON.stringify(answer.body)),
          };
          answers.push(changed);
          return of(changed);
        },
      });
      return { ...client, answers };
    };

    /** Pads JSON with spaces, which do not change its value. */
    const padded =
      (length: number, as: (text: string) => unknown) =>
      (text: string): unknown =>
        as(text.padEnd(length));

    it.each(TYPES)('replays a request for %s, and delivers the second response untouched', async (responseType) => {
      const { api, sent, answers } = createDownloads(AS[responseType]);
      const body = await lastValueFrom(api.get$('/a', { responseType }));
      expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
      expect(body).toBe(answers[1]?.body);
    });

    it.each(['json', 'text', 'arraybuffer'] as const)(
      'replays such a request over the wire: %s',
      async (responseType) => {
        const { api } = createExpiredClient(server);
        const body = await lastValueFrom(api.get$('/download', { responseType }));
        const text = responseType === 'json' ? JSON.stringify(body) : await textOf(body);
        expect(JSON.parse(text)).toEqual({ path: '/download', by: T2, nth: 2 } satisfies Echo);
        expect(server.refreshes).toBe(1);
      },
    );

    const JSON_TYPES = ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/problem+json', 'text/json'];
    const OTHER_TYPES = ['text/plain', 'application/octet-stream', 'text/html; format=json', ''];
    describe.each(DOWNLOADS)('inspects a body requested as %s', (responseType) => {
      it.each([...JSON_TYPES, ...OTHER_TYPES])('inspects a body with the content type "%s"', async (contentType) => {
        const { api, sent } = createDownloads(AS[responseType], contentType);
        await lastValueFrom(api.get$('/a', { responseType }));
        expect(sent).toEqual(['GET /a T1', 'GET /a T2']);
      });
    });

    it.each([
      ['a page that quotes it', '<pre>{"code":1002}</pre>'],
      ['two lines of JSON', '{"code":1002}\n{"code":1002}\n'],
      ['a number', '1002'],
    ])('judges a text that is %s by its status', async (_, text) => {
      const { api, sent } = createDownloads(() => text, 'text/plain');
      expect(await lastValueFrom(api.get$('/a', { responseType: 'text' }))).toBe(text);
      expect(sent).toEqual(isStatus ? ['GET /a T1', 'GET /a T2'] : ['GET /a T1']);
    });

    it.each(DOWNLOADS)('inspects up to 64 kB of %s, and judges more by its status', async (responseType) => {
      const small = createDownloads(padded(INSPECTED, AS[responseType]));
      await lastValueFrom(small.api.get$('/a', { responseType }));
      expect(small.sent).toEqual(['GET /a T1', 'GET /a T2']);

      const big = createDownloads(padded(INSPECTED + 1, AS[responseType]));
      const body = await lastValueFrom(big.api.get$('/a', { responseType }));
      expect(big.sent).toEqual(isStatus ? ['GET /a T1', 'GET /a T2'] : ['GET /a T1']);
      expect(body).toBe(big.answers.at(-1)?.body);
    });

    it.each<[string, ResponseType, unknown]>([
      ['JSON that is cut off', 'text', '{"code":1002'],
      ['an empty text', 'text', ''],
      ['an empty blob', 'blob', new Blob()],
      ['an empty buffer', 'arraybuffer', bytesOf('')],
      ['bytes that are not a text', 'arraybuffer', new Uint8Array([0xff, 0xfe, 0]).buffer],
      ['null, asked for as JSON', 'json', null],
      ['null, asked for as a text', 'text', null],
      ['null, asked for as a blob', 'blob', null],
    ])('judges %s by its status', async (_, responseType, body) => {
      const { api, sent } = createDownloads(() => body);
      expect(await lastValueFrom(api.get$('/a', { responseType }))).toBe(body);
      expect(sent).toEqual(isStatus ? ['GET /a T1', 'GET /a T2'] : ['GET /a T1']);
    });

    it('judges a blob that cannot be read by its status', async () => {
      const unreadable = Object.assign(new Blob(['{}']), {
        text: () => Promise.reject(new DOMException('its file is gone', 'NotReadableError')),
      });
      const { api, sent } = createDownloads(() => unreadable);
      expect(await lastValueFrom(api.get$('/a', { responseType: 'blob' }))).toBe(unreadable);
      expect(sent).toEqual(isStatus ? ['GET /a T1', 'GET /a T2'] : ['GET /a T1']);
    });

    it('takes a 401 as expired even if its body is a page', async () => {
      const { api } = createClient(server);
      server.replies.set('/orders', { status: 401, type: 'text/html', body: '<h1>401</h1>' });
      await expect(lastValueFrom(api.get$('/orders'))).rejects.toMatchObject({ code: 'token-rejected' });
      expect(server.refreshes).toBe(1);
    });

    it.each([
      ['HEAD', 200],
      ['GET', 204],
      ['DELETE', 205],
    ])('takes a %s without a body, of status %i, by its status', async (method, code) => {
      const { api } = createClient(server);
      server.replies.set('/orders', { status: code, type: JSON_TYPE });
      expect(await lastValueFrom(api.request$(method, '/orders'))).toMatchObject({ status: code, body: null });
      expect(server.refreshes).toBe(0);
    });

    it('judges the response to a HEAD by its status only', async () => {
      const { api } = createExpiredClient(server);
      expect(await lastValueFrom(api.head$('/orders'))).toBeNull();
      expect(server.hitsOf('/orders')).toHaveLength(isStatus ? 2 : 1);
      expect(server.refreshes).toBe(isStatus ? 1 : 0);
    });
  },
);
