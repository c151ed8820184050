import { EventSource } from 'eventsource';
import { type Api, isApiError, toFetch } from 'renewal';

/** An `EventSource` whose connections, the later ones too, carry the token of that moment. */
export const openEventSource = (api: Api, url: string): EventSource => {
  const fetchOfApi = toFetch(api);
  return new EventSource(url, {
    // After a rejection an EventSource reconnects for ever; after a 401 it emits its `code` and is closed.
    fetch: (input, init) =>
      fetchOfApi(input, init).catch((error: unknown) => {
        if (!isApiError(error) || error.code === 'refresh') throw error;
        return new Response(null, { status: 401 });
      }),
  });
};
