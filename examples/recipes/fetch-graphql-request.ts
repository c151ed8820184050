import { GraphQLClient } from 'graphql-request';
import { type Api, type HttpResponse, toFetch } from 'renewal';

interface GraphQLBody {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
}

/**
 * For `isExpired` of the session: a GraphQL server may report a dead token with status 200. A response with data is not
 * expired, because a part of the operation was executed, and a replay would execute it twice.
 */
export const isUnauthenticated = ({ body }: HttpResponse): boolean => {
  const { data, errors }: GraphQLBody = Object(body);
  return !data && Array.isArray(errors) && errors.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
};

export const createGraphQLClient = (api: Api, url: string): GraphQLClient =>
  new GraphQLClient(url, { fetch: toFetch(api) });
