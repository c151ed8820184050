import {
  createApi,
  type HttpEvent,
  type Interceptor,
  type SessionOptions,
  type TokenGrant,
  type Transport,
} from 'renewal';
import { EMPTY, NEVER, of, Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { failureMode } from '../../support/failure-mode';
import { completedWith, outcomeOf } from '../../support/http-client';
import { createVirtualClient, ORIGIN, response } from '../../support/virtual';

const PROGRESS: HttpEvent = { type: 'download', loaded: 1 };

/** Streams that complete before the response of a request, and the code of the caller's error. */
const ENDS: readonly (readonly [string, Transport])[] = [
  ['a transport that completes without a response', () => EMPTY],
  ['a transport that completes after some progress', () => of(PROGRESS, PROGRESS)],
];

const ENDED_REFRESHES: readonly (readonly [string, SessionOptions['refresh']])[] = [
  ['completes without a grant', () => EMPTY],
  ['emits nothing but undefined', () => of(undefined as unknown as TokenGrant)], // plain JavaScript may return it
];

failureMode(
  {
    id: 'N2',
    title: 'A subject that has completed lets requests complete without a value',
    renewal: 'A request emits its response and completes, or it errors; a source that completes too early is an error.',
  },
  (signal) => {
    it.each(ENDS)('errors after %s', (_, transport) => {
      const { session } = createVirtualClient({ signal });
      const api = createApi({ baseUrl: ORIGIN, session, transport });
      expect(outcomeOf(api.get$('/a'))).toMatchObject({ values: [], error: { code: 'network' } });
      expect(outcomeOf(api.request$('GET', '/a'))).toMatchObject({ values: [], error: { code: 'network' } });
    });

    it('errors after a transport that completes the second attempt without a response', () => {
      const { api } = createVirtualClient({
        signal,
        respond: (request, answer) => (request.headers.authorization === 'Bearer T1' ? of(answer) : EMPTY),
      });
      expect(outcomeOf(api.get$('/a'))).toMatchObject({ values: [], error: { code: 'network' } });
    });

    it('errors after an interceptor that completes without a response', () => {
      const empty: Interceptor = () => EMPTY;
      const { api } = createVirtualClient({ signal });
      const outcome = outcomeOf(api.extend({ interceptors: [empty] }).get$('/a'));
      expect(outcome).toMatchObject({ values: [], error: { code: 'network' } });
    });

    it.each(ENDED_REFRESHES)('fails the waiting requests if `refresh` %s', (_, refresh) => {
      const { api, session } = createVirtualClient({ signal, refresh });
      for (const asked$ of [api.get$('/a'), session.refresh$(), session.accessToken$()]) {
        expect(outcomeOf(asked$)).toMatchObject({ values: [], error: { code: 'refresh' } });
      }
    });

    it('fails waiting requests at destroy(), and sends later ones without a token', () => {
      const { api, session, sent } = createVirtualClient({ signal, refresh: () => NEVER });
      const waiting = [api.get$('/a'), api.get$('/b'), session.refresh$(), session.accessToken$()].map(outcomeOf);
      session.destroy();
      for (const outcome of waiting) expect(outcome).toMatchObject({ values: [], error: { code: 'signed-out' } });
      expect(outcomeOf(api.get$('/c'))).toEqual(completedWith({ by: '-' }));
      expect(sent).toEqual(['GET /a T1', 'GET /c -']);
      for (const asked$ of [session.refresh$(), session.accessToken$()]) {
        expect(outcomeOf(asked$)).toMatchObject({ values: [], error: { code: 'signed-out' } });
      }
    });

    it('takes the first grant of a longer `refresh`, and unsubscribes from it', () => {
      const grants = new Subject<TokenGrant>();
      const { api } = createVirtualClient({ signal, refresh: () => grants });
      const outcome = outcomeOf(api.get$('/a'));
      grants.next({ accessToken: 'T2' });
      expect(outcome).toEqual(completedWith({ by: 'T2' }));
      expect(grants.observed).toBe(false);
    });

    it('emits null for a response without content, and completes', () => {
      const { api } = createVirtualClient({
        signal,
        respond: (request, answer) => of(request.headers.authorization === 'Bearer T1' ? answer : response(204)),
      });
      expect(outcomeOf(api.get$('/a'))).toEqual(completedWith(null));
    });
  },
);
