import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { type Api, type Session, toFetch } from 'renewal';
import { asyncScheduler, map, observeOn, pairwise } from 'rxjs';

/** A client whose cache does not outlive the session: the next user sees no data of this one. */
export const createApolloClient = (api: Api, session: Session, uri: string): ApolloClient => {
  const client = new ApolloClient({ link: new HttpLink({ uri, fetch: toFetch(api) }), cache: new InMemoryCache() });
  session.state$
    .pipe(
      map((state) => ('tokens' in state ? state.tokens.sessionId : undefined)),
      pairwise(),
      // Later, as clearStore() ends queries with an error of its own: they get the error of the session first.
      observeOn(asyncScheduler),
    )
    .subscribe(([before, after]) => {
      if (before !== undefined && before !== after) client.clearStore();
    });
  return client;
};
