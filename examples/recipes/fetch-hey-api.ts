import { type Api, toFetch } from 'renewal';

/** What the recipe needs of the `client` that `@hey-api/openapi-ts` generates in `client.gen.ts`. */
export interface GeneratedClient {
  setConfig(config: { baseUrl: string; fetch: typeof fetch; throwOnError: true }): unknown;
}

/** Has a generated client send its requests with the session of `api`. */
export const useApi = (client: GeneratedClient, api: Api, baseUrl: string): void => {
  // Without throwOnError, a SessionExpiredError is the `error` of a result like any other.
  client.setConfig({ baseUrl, fetch: toFetch(api), throwOnError: true });
};
