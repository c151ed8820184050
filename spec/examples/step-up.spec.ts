import type { Provider } from 'oidc-provider';
import { type Api, createApi, createSession, oauthGrant, oauthRefresh, type Session } from 'renewal';
import { concatMap, EMPTY, firstValueFrom, forkJoin, from, lastValueFrom, map, range, switchMap, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stepUp } from '../../examples/step-up/step-up';
import { type OidcServer, startOidcServer } from '../support/oidc-server';
import { createOidcStore } from '../support/oidc-store';

const LEVELS = ['level-1', 'level-2', 'level-3', 'level-4', 'level-5', 'level-6'];

/** Paths such as `/transfers/level-2` demand a token of that level, or of a higher one. */
const guardTransfers = (provider: Provider): void => {
  provider.use(async (context, next) => {
    const [, level] = /^\/transfers\/(level-\d)$/.exec(context.path) ?? [];
    if (!level) return next();
    const token = await provider.AccessToken.find(context.get('authorization').replace('Bearer ', ''));
    if (token && LEVELS.indexOf(`${token.extra?.acr}`) >= LEVELS.indexOf(level)) {
      context.body = { level: token.extra?.acr };
      return;
    }
    context.status = 401;
    const error = token ? `error="insufficient_user_authentication", acr_values="${level}"` : 'error="invalid_token"';
    context.set('www-authenticate', `Bearer ${error}`);
  });
};

const sessionIdOf = ({ state }: Session): string | undefined =>
  'tokens' in state ? state.tokens.sessionId : undefined;

describe('the step-up recipe', () => {
  let server: OidcServer;
  let session: Session;
  let api: Api;
  /** The levels that the user was asked for. */
  let logins: string[];
  /** The grant types that the token endpoint accepted. */
  let grants: string[];
  /** The level of the next logins, whatever was demanded; `'none'`: the user cancels. */
  let granted: string | undefined;

  beforeEach(async () => {
    grants = [];
    server = await startOidcServer(
      {
        adapter: createOidcStore(),
        acrValues: LEVELS,
        extraTokenClaims: ({ oidc: { entities } }) => ({
          acr: (entities.AuthorizationCode ?? entities.RefreshToken)?.acr,
        }),
      },
      guardTransfers,
    );
    logins = [];
    granted = undefined;
    server.provider.on('grant.success', ({ oidc: { params } }) => grants.push(`${params?.grant_type}`));
    const http = createApi({ baseUrl: server.origin });
    const login$ = (level: string) =>
      from(server.login(level)).pipe(
        switchMap((form) => http.post$('/token', form)),
        map(oauthGrant),
      );
    session = createSession({ refresh: oauthRefresh(http, { url: '/token', clientId: 'shop' }) });
    const stepUps = stepUp(session, ({ params: { acr_values = '' } }) => {
      logins.push(acr_values);
      return granted === 'none' ? EMPTY : login$(granted ?? acr_values);
    });
    api = createApi({ baseUrl: server.origin, session, interceptors: [stepUps] });
    await session.signIn(await firstValueFrom(login$('level-1')));
    server.hits.length = 0;
    grants = [];
  });

  afterEach(async () => {
    session.destroy();
    await server.close();
  });

  const hitsOf = (path: string): string[] => server.hits.filter((hit) => hit.startsWith(path));

  it('steps up five times in a row with no refresh, in the same session', async () => {
    const before = sessionIdOf(session);
    const levels$ = range(2, 5).pipe(
      concatMap((level) => api.get$<{ level: string }>(`/transfers/level-${level}`)),
      map(({ level }) => level),
      toArray(),
    );

    expect(await lastValueFrom(levels$)).toEqual(LEVELS.slice(1));
    expect(logins).toEqual(LEVELS.slice(1));
    // the codes of five logins, and no refresh
    expect(grants).toEqual(Array(5).fill('authorization_code'));
    expect(hitsOf('/transfers')).toEqual(
      LEVELS.slice(1).flatMap((level) => [`/transfers/${level} 401`, `/transfers/${level} 200`]),
    );
    expect(sessionIdOf(session)).toBe(before);
  });

  it('asks the user once for requests that meet the same demand at once', async () => {
    const request$ = api.get$('/transfers/level-3');
    expect(await lastValueFrom(forkJoin([request$, request$, request$]))).toEqual(Array(3).fill({ level: 'level-3' }));
    expect(logins).toEqual(['level-3']);
  });

  it('passes on the demand if the new login does not meet it', async () => {
    granted = 'level-1';
    const response$ = firstValueFrom(api.get$('/transfers/level-2'));
    await expect(response$).rejects.toMatchObject({
      status: 401,
      challenges: [{ scheme: 'bearer', params: { acr_values: 'level-2' } }],
    });
    expect(hitsOf('/transfers')).toEqual(Array(2).fill('/transfers/level-2 401'));
  });

  it('passes on the demand if the user cancels the login', async () => {
    granted = 'none';
    await expect(firstValueFrom(api.get$('/transfers/level-2'))).rejects.toMatchObject({ status: 401 });
    expect(hitsOf('/transfers')).toEqual(['/transfers/level-2 401']);
    expect(session.state.status).toBe('active');
  });

  it('keeps the level through a refresh', async () => {
    await lastValueFrom(api.get$('/transfers/level-2'));
    await lastValueFrom(session.refresh$());
    expect(await lastValueFrom(api.get$('/transfers/level-2'))).toEqual({ level: 'level-2' });
    expect(logins).toEqual(['level-2']);
  });
});
