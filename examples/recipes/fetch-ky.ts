import ky, { type KyInstance } from 'ky';
import { type Api, isApiError, toFetch } from 'renewal';

/** A `ky` whose requests carry the session of `api`. */
export const createKy = (api: Api, prefixUrl: string): KyInstance =>
  ky.create({
    prefixUrl,
    fetch: toFetch(api),
    // By default ky gives up after 10 s, and the wait for a refresh counts.
    timeout: 60_000,
    // A retry after the end of the session would be sent without a token: its 401 would hide the SessionExpiredError.
    retry: { shouldRetry: ({ error }) => (isApiError(error) ? false : undefined) },
  });
