import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { streamText } from 'ai';
import { type Api, toFetch } from 'renewal';

/** Emits the tokens of an answer. `streamText` itself reports an error to `onError` only, and ends its stream. */
export async function* chat(
  api: Api,
  baseURL: string,
  prompt: string,
  abortSignal?: AbortSignal,
): AsyncGenerator<string> {
  // Without an `apiKey`: its header would take the place of the session's.
  const provider = createOpenAICompatible({ name: 'shop', baseURL, fetch: toFetch(api) });
  const { fullStream } = streamText({
    model: provider('chat'),
    prompt,
    ...(abortSignal && { abortSignal }),
    onError: () => {},
  });
  for await (const part of fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta') yield part.text;
  }
}
