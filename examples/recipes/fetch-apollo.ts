import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { type Api, type Session, toFetch } from 'renewal';
import { distinctUntilKeyChanged, filter, skip } from 'rxjs';

/** A client whose cache does not outlive the session: the next user sees no data of the last one. */
export const createApolloClient = (api: Api, session: Session, uri: string): ApolloClient => {
  const client = new ApolloClient({
    link: new HttpLink({ uri, fetch: toFetch(api) }),
    cache: new InMemoryCache(),
  });
  session.state$
    .pipe(
      filter(({ status }) => status === 'signed-out'),
    )
    .subscribe(() => client.clearStore());
  return client;
};
