import type { ServerResponse } from 'node:http';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText } from 'ai';
import { isApiError, toFetch } from 'renewal';
import { describe, expect, it } from 'vitest';
import { chat } from '../../examples/recipes/fetch-ai-sdk';
import { type ForeignServer, itRenewsOnce, startForeignServer } from '../support/foreign-server';
import type { Answer } from '../support/http-server';

const start = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
};
/** One token, as chat completions stream it. */
const write = (response: ServerResponse, content: string): void => {
  const chunk = { id: 'c', created: 1, model: 'chat', choices: [{ index: 0, delta: { role: 'assistant', content } }] };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
};
const end = (response: ServerResponse): void => {
  const chunk = { id: 'c', created: 1, model: 'chat', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
};

/** Repeats the prompt, a token for each word. */
const serve: Answer = (_request, response, body) => {
  const [{ content }] = JSON.parse(`${body}`).messages;
  start(response);
  for (const word of content.split(' ')) write(response, word);
  end(response);
};

const ask = ({ api, origin }: ForeignServer, prompt: string, signal?: AbortSignal): AsyncGenerator<string> =>
  chat(api, `${origin}/v1`, prompt, signal);

const collect = async (tokens: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const token of tokens) all.push(token);
  return all;
};

describe('the recipe of the AI SDK', () => {
  itRenewsOnce(
    serve,
    (server) => (index) => collect(ask(server, `order ${index}`)),
    (index) => ['order', `${index}`],
  );

  it('emits each token before the server sends the next one', async () => {
    let response: ServerResponse | undefined;
    const server = await startForeignServer((_request, opened) => {
      response = opened;
      start(opened);
      write(opened, 'first');
    });
    server.expire();
    const seen: string[] = [];
    for await (const token of ask(server, 'hello')) {
      seen.push(token);
      if (!response) throw new Error('there is no response');
      if (token === 'first') write(response, 'second');
      else end(response);
    }
    expect(seen).toEqual(['first', 'second']);
  });

  it('throws the error of the session, after no retry', async () => {
    const server = await startForeignServer(serve);
    server.revoke();
    const error = await collect(ask(server, 'hello')).catch((error: unknown) => error);
    expect(isApiError(error, 'session-expired')).toBe(true);
    expect(server.counts()).toMatchObject({ refreshes: 1, rejections: 1 });
  });

  it('sends an apiKey instead of the token', async () => {
    const { api, origin, authorizations, counts } = await startForeignServer(serve);
    const apiKey = 'key';
    const provider = createOpenAICompatible({ name: 'shop', baseURL: origin, apiKey, fetch: toFetch(api) });
    const text = generateText({ model: provider('chat'), prompt: 'hello', maxRetries: 0 });
    await expect(text).rejects.toMatchObject({ statusCode: 401 });
    expect({ authorizations, ...counts() }).toMatchObject({ authorizations: ['Bearer key'], refreshes: 0 });
  });

  it('closes the connection on abort', async () => {
    const server = await startForeignServer((_request, response) => {
      start(response);
      write(response, 'first');
    });
    const controller = new AbortController();
    const tokens = ask(server, 'hello', controller.signal);
    expect(await tokens.next()).toEqual({ done: false, value: 'first' });
    controller.abort();
    await server.aborted();
    expect(await tokens.next()).toEqual({ done: true, value: undefined });
  });
});
