import { defer, filter, ignoreElements, merge, NEVER, type Observable, Subject, tap } from 'rxjs';
import { nowMs } from '../http/clock';
import { checkOptions, checkText } from '../http/options';
import { createMutex } from '../session/pending/limiter';
import { type TokenGrant, toTokens } from '../session/state/grants';
import { createSessionId, isOrdered } from '../session/state/session-id';
import type { Tokens } from '../session/state/session-state';
import { LOCAL, OVERTAKEN, type TokenStore } from '../session/store/token-store';
import { broadcast, messages$ } from './channel';
import { isPage } from './page';
import { createWebLock } from './web-locks';

/** The options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * For a refresh token in a cookie, which all tabs share: the tabs whose stores have this name restore and refresh one
   * after another, under a Web Lock. A sign-in in one tab makes the other tabs ask `restore`, and a sign-out signs them
   * out, by a `BroadcastChannel`. No token travels.
   * @defaultValue none: no other page shares the store
   */
  readonly name?: string | undefined;
}

/** The message on the channel: the id of a sign-in, or an id made for a sign-out. The later id has precedence. */
interface Notice {
  readonly id: string;
  readonly isIn: boolean;
}

const isNotice = (message: unknown): message is Notice => {
  const { id, isIn } = Object(message);
  return typeof id === 'string' && isOrdered(id) && typeof isIn === 'boolean';
};

/** How long a refresh waits for one tab that does not release the lock. */
const LOCK_TIMEOUT_MS = 5_000;

/**
 * Keeps the tokens in memory: they are lost with the page or the process. Sessions that share one store refresh once
 * for all, and apply each other's changes in the same tick. Throws a `TypeError` for an argument that is wrong.
 *
 * @param initial - The grant that the store holds at first.
 * @defaultValue none: the session is signed out, or asks `restore`
 * @example
 * ```ts
 * const store = memoryStore(undefined, { name: 'shop' });
 * ```
 */
export const memoryStore = (initial?: TokenGrant, options: MemoryStoreOptions = {}): TokenStore => {
  const { name } = checkOptions(options, { name: checkText });
  const channel = `renewal:${name}`;
  let current: Tokens | null =
    initial === undefined
      ? null
      : toTokens(checkOptions(initial, {}, 'initial'), { sessionId: createSessionId(nowMs()) }, nowMs());
  /** The latest sign-in or sign-out that this tab knows of. */
  let latest = current?.sessionId ?? '';
  let hasWritten = false;
  const writes = new Subject<Tokens | null>();

  const setCurrent = (tokens: Tokens | null): void => {
    current = tokens;
    writes.next(current);
  };
  const isNewer = (id: string): boolean => isOrdered(id) && id > latest;
  const broadcastChange = (id: string, isIn: boolean): void => {
    latest = id;
    hasWritten = true;
    if (name && isPage()) broadcast(channel, { id, isIn } satisfies Notice);
  };
  /** Applies the sign-ins and sign-outs of other tabs; emits nothing. */
  const notices$: Observable<never> = defer(() => (name && isPage() ? messages$(channel) : NEVER)).pipe(
    filter(isNotice),
    tap(({ id, isIn }) => {
      if (!isNewer(id)) return;
      latest = id;
      setCurrent(isIn ? { accessToken: '', sessionId: id } : null);
    }),
    ignoreElements(),
  );
  const mutex = createMutex();
  // The cookie is set before the response arrives, but a notice may reach another tab after the lock does.
  const locked = createWebLock(channel, LOCK_TIMEOUT_MS, () => hasWritten);

  const store: TokenStore = {
    load: () => current,
    save: (tokens) => {
      const { sessionId, revision } = tokens;
      if (isNewer(sessionId)) {
        // Only sign-ins are announced, not a refresh or a restore.
        if (revision === 1) broadcastChange(sessionId, true);
        else latest = sessionId;
      }
      // A `restore` that was called before a sign-out or sign-in of another tab is ignored.
      const isOutdated = revision === 0 && isOrdered(sessionId) && sessionId < latest;
      setCurrent(isOutdated ? current : tokens);
    },
    clear: () => {
      // This id sorts before a sign-in of the same millisecond.
      broadcastChange(`${createSessionId(nowMs(), latest).slice(0, 10)}0`, false);
      setCurrent(null);
    },
    version: () => current,
    changes$: merge(writes, notices$),
    exclusive: (work) =>
      mutex(
        defer(() => {
          hasWritten = false;
          return name && isPage() ? locked(work) : work;
        }),
      ),
  };
  // Not enumerable: a copy with another `changes$` is another store. OVERTAKEN: a refusal may arrive before the message
  // of the sign-in that caused it.
  return Object.defineProperty(store, name ? OVERTAKEN : LOCAL, {});
};
