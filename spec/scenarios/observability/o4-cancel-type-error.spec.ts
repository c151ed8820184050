import {
  ApiError,
  type Body,
  BodyNotReplayableError,
  isApiError,
  RefreshError,
  SessionExpiredError,
  type SessionOptions,
  SignedOutError,
  TokenRejectedError,
} from 'renewal';
import { NEVER, of, throwError } from 'rxjs';
import { expect, it } from 'vitest';
import { eventsOf } from '../../support/events';
import { failureMode } from '../../support/failure-mode';
import { outcomeOf } from '../../support/http-client';
import { createVirtualClient, type VirtualClient, virtually } from '../../support/virtual';

interface End {
  readonly options?: Partial<SessionOptions>;
  /** Runs once the request waits. */
  readonly act?: (client: VirtualClient) => unknown;
  readonly isAlwaysDead?: true;
  readonly body?: Body;
  readonly as: abstract new (...details: never[]) => ApiError;
  readonly code: string;
}

/** The reasons why a waiting request may fail. */
const ENDS: Readonly<Record<string, End>> = {
  'whose refresh fails': {
    options: { refresh: () => throwError(() => new Error()) },
    as: RefreshError,
    code: 'refresh',
  },
  'whose refresh never answers': { as: RefreshError, code: 'refresh' },
  'whose refresh is refused': {
    options: { refresh: () => throwError(() => new Error()), isRefused: () => true },
    as: SessionExpiredError,
    code: 'session-expired',
  },
  'whose session is signed out': { act: ({ session }) => session.signOut(), as: SignedOutError, code: 'signed-out' },
  'whose session is replaced': {
    act: ({ session }) => session.signIn({ accessToken: 'B1' }),
    as: SignedOutError,
    code: 'signed-out',
  },
  'whose session is destroyed': { act: ({ session }) => session.destroy(), as: SignedOutError, code: 'signed-out' },
  'whose new token is rejected': {
    options: { refresh: () => of({ accessToken: 'T2' }) },
    isAlwaysDead: true,
    as: TokenRejectedError,
    code: 'token-rejected',
  },
  'whose body is used up': {
    options: { refresh: () => of({ accessToken: 'T2' }) },
    body: new ReadableStream(),
    as: BodyNotReplayableError,
    code: 'body-not-replayable',
  },
};

failureMode(
  {
    id: 'O4',
    title: 'Waiting requests get the error of a cancelled request, which apps ignore',
    renewal:
      'Each way in which a wait can end has its own error class and `code`; a cancelled request emits no error at all.',
  },
  (signal) => {
    const waitAndEnd = ({ options, act = () => {}, isAlwaysDead, body = null }: End) => {
      const settled: unknown[] = [];
      let error: unknown;
      virtually(({ flush }) => {
        const client = createVirtualClient({
          signal,
          refresh: () => NEVER,
          ...options,
          ...(isAlwaysDead && { isDead: () => true }),
        });
        const events = eventsOf(client.api);
        const outcome = outcomeOf(client.api.post$('/a', body));
        act(client);
        flush();
        error = outcome.error;
        for (const event of events) {
          if (event.type === 'request' && /settled|cancelled/.test(event.phase))
            settled.push([event.phase, event.error]);
        }
      });
      return { error, settled };
    };

    it.each(Object.entries(ENDS))('gives a request %s its own error', (_, end) => {
      const { error, settled } = waitAndEnd(end);
      expect(error).toBeInstanceOf(end.as);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ name: end.as.name, code: end.code });
      expect(Object(error).name).not.toMatch(/abort|cancel|timeout|empty/i);
      expect(isApiError(error)).toBe(true);
      expect(settled).toEqual([['settled', end.code]]);
    });

    it('has one code for each class', () => {
      const pairs = new Set(Object.values(ENDS).map(({ as, code }) => `${as.name} ${code}`));
      expect(pairs.size).toBe(new Set(Object.values(ENDS).map(({ as }) => as)).size);
      expect(pairs.size).toBe(new Set(Object.values(ENDS).map(({ code }) => code)).size);
    });

    it('emits no error to an unsubscribed caller, and reports a cancelled request', () => {
      const { api, session } = createVirtualClient({ signal, refresh: () => NEVER });
      const events = eventsOf(api);
      const came: unknown[] = [];
      const request = api.get$('/a').subscribe({
        next: (value) => came.push(value),
        error: (error) => came.push(error),
        complete: () => came.push('complete'),
      });
      request.unsubscribe();
      session.signOut();
      expect(came).toEqual([]);
      const [, , , , , cancelled] = events;
      expect(cancelled).toMatchObject({ type: 'request', phase: 'cancelled', attempt: 1 });
      expect(cancelled).not.toHaveProperty('error');
    });
  },
);
