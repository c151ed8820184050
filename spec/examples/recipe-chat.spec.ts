import type { ServerResponse } from 'node:http';
import { isApiError } from 'renewal';
import { lastValueFrom, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { answer$, answers$ } from '../../examples/recipes/chat';
import { startForeignServer } from '../support/foreign-server';
import { SIGNALS } from '../support/server';

const start = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
};
const write = (response: ServerResponse, text: string): void => {
  response.write(`event: delta\ndata: ${JSON.stringify({ text })}\n\n`);
};
const end = (response: ServerResponse): void => {
  response.end('event: done\ndata: {}\n\n');
};

describe('the recipe of a chat', () => {
  it.each(SIGNALS)('asks again with a new token, and shows each word as it comes, by %s', async (signal) => {
    let response: ServerResponse | undefined;
    const questions: string[] = [];
    const server = await startForeignServer((_request, opened, body) => {
      questions.push(JSON.parse(`${body}`).question);
      response = opened;
      start(opened);
      write(opened, 'at');
    }, signal);
    server.expire();
    const shown: string[] = [];
    await answer$(server.api, 'where?').forEach((answer) => {
      shown.push(answer);
      if (!response) throw new Error('there is no response');
      // The server sends the next word after the page has shown this one.
      if (answer === 'at') write(response, ' home');
      else end(response);
    });
    expect({ shown, questions }).toEqual({ shown: ['at', 'at home'], questions: ['where?'] });
    expect(server.counts()).toEqual({ refreshes: 1, reuses: 0, rejections: 1 });
  });

  it('closes the connection by the stop button, and takes the next question', async () => {
    const [question$, stop$] = [new Subject<string>(), new Subject<void>()];
    const server = await startForeignServer((_request, response, body) => {
      start(response);
      write(response, JSON.parse(`${body}`).question);
    });
    const shown: string[] = [];
    const subscription = answers$(server.api, question$, stop$).subscribe((answer) => shown.push(answer));
    question$.next('one');
    await expect.poll(() => shown).toEqual(['one']);
    stop$.next();
    await server.aborted(1);
    question$.next('two');
    await expect.poll(() => shown).toEqual(['one', 'two']);
    question$.next('three');
    await server.aborted(2);
    await expect.poll(() => shown).toEqual(['one', 'two', 'three']);
    subscription.unsubscribe();
    await server.aborted(3);
  });

  it('errors if the connection breaks, and does not ask again', async () => {
    const server = await startForeignServer((_request, response) => {
      start(response);
      response.write('event: delta\ndata: {"text":"a"}\n\n', () => response.destroy());
    });
    const error = await lastValueFrom(answer$(server.api, 'where?').pipe(toArray())).catch((error: unknown) => error);
    expect(isApiError(error, 'network')).toBe(true);
    expect(server.authorizations).toHaveLength(1);
  });

  it('errors at a sign-out, in the middle of an answer', async () => {
    const server = await startForeignServer((_request, response) => {
      start(response);
      write(response, 'a');
    });
    const error = await answer$(server.api, 'where?')
      .forEach(() => void server.session.signOut())
      .catch((error: unknown) => error);
    expect(isApiError(error, 'signed-out')).toBe(true);
    await server.aborted();
  });
});
