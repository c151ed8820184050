import type { Tokens } from 'renewal';
import { filter, firstValueFrom, map, merge, Observable, Subject, takeUntil, timer } from 'rxjs';
import { FREE, type Lease, type LockSettings } from './lease';
import { runScript } from './script';
import { listen$, MISSED } from './subscriptions';

/** The leases of works that run: a session has one. */
export type Leases = Set<Lease>;

/** The message after a write, with the revision. */
export const LOOK = 'look';

/** Messages of a store that has lost its value, and of a lease at work that answers: each with the id of the asker. */
const LOST = 'lost ';
const BUSY = 'busy ';

/** Own messages beyond these have not arrived: the channel is interrupted, or forbidden to the user of Redis. */
const MAX_EXPECTED = 100;

/** How long a store that has lost its value waits for answers. */
const ANSWER_MS = 150;

/** How long it then waits for the end of the lease that has answered: less than a session gives to one read. */
const MAX_BUSY_MS = 4_000;

/** Whether `source$` emits within `ms`. */
const emitsWithin = (source$: Observable<unknown>, ms: number): Promise<boolean> =>
  firstValueFrom(
    source$.pipe(
      map(() => true),
      takeUntil(timer(ms)),
    ),
    { defaultValue: false },
  );

/** What the stores of a session tell one another on their channel. */
export const createChanges = ({ client, key, channel }: LockSettings, leases: Leases) => {
  const hints = new Subject<void>();
  /** The messages of others. */
  const foreign = new Subject<string>();
  /** The messages of own writes that are still to come. */
  let expected: string[] = [];
  let listeners = 0;
  /** The highest revision that others have written. */
  let announced = 0;

  const take = (message: string): boolean => {
    const nth = expected.indexOf(message);
    if (nth >= 0) expected.splice(nth, 1);
    return nth >= 0;
  };

  const expect = (message: string): void => {
    expected = [...expected.slice(1 - MAX_EXPECTED), message];
  };

  const publish = (message: string): Promise<unknown> => {
    expect(message);
    return runScript(client, key, ['publish', channel, message]).reply.catch(() => take(message));
  };

  /** Another store has lost the value: its session waits for this lease, or this session writes its tokens again. */
  const answer = (asker: string): boolean => {
    const isBusy = [...leases].some((lease) => lease.hasPrecedence(asker));
    if (isBusy) publish(BUSY + asker);
    return !isBusy;
  };

  /** Whether the session has to read the value. */
  const onMessage = (message: string): boolean => {
    if (take(message)) return false;
    foreign.next(message);
    if (message.startsWith(LOST)) return answer(message.slice(LOST.length));
    if (!message.startsWith(LOOK)) return false;
    announced = Math.max(announced, Number(message.slice(LOOK.length)) || 0);
    // If lost tokens were written again, the lock may be lost as well.
    for (const lease of leases) lease.extend();
    return true;
  };

  const messages$ = new Observable<unknown>((subscriber) => {
    // No message arrives.
    if (!client.duplicate) return;
    listeners++;
    subscriber.add(() => {
      listeners--;
      expected = [];
    });
    const isHint = (message: string | typeof MISSED): boolean => {
      if (message !== MISSED) return onMessage(message);
      expected = [];
      return true;
    };
    subscriber.add(listen$(client, channel).pipe(filter(isHint)).subscribe(subscriber));
  });

  return {
    /** For the session: another one has written, or messages were missed. Own writes are left out. */
    changes$: merge(messages$, hints).pipe(map(() => null)),
    hint: () => hints.next(),
    /** The tokens of another session were read. */
    onOther: ({ revision = 0 }: Tokens): void => {
      announced = revision;
    },
    /** Whether others may have the value that is missing: newer tokens, or a refresh under a lock that was lost too. */
    isLost: (last: Tokens | undefined, lease: Lease | undefined): boolean => {
      const isOld = announced > (last?.revision ?? 0);
      return listeners > 0 && !!last && !lease?.isWorking && (isOld || !!lease);
    },
    /** Asks the others to write the value again. Resolves to whether it is worth to read it again. */
    ask: async (lease: Lease | undefined): Promise<boolean> => {
      const asker = lease?.owner ?? crypto.randomUUID();
      const written = emitsWithin(foreign.pipe(filter((message) => message.startsWith(LOOK))), ANSWER_MS);
      const busy = emitsWithin(foreign.pipe(filter((message) => message === BUSY + asker)), ANSWER_MS);
      publish(LOST + asker);
      // The answer of a lease at work may come after that of a session with older tokens.
      if (!lease || !(await busy)) return written;
      return emitsWithin(foreign.pipe(filter((message) => message === FREE)), MAX_BUSY_MS);
    },
    /** Runs a write that publishes `message` if it is done: resolves to 1. Emits a hint if it was fenced. */
    write: async (message: string, run: () => Promise<unknown>): Promise<void> => {
      if (listeners > 0) expect(message);
      let isWritten = false;
      try {
        isWritten = (await run()) === 1;
        if (!isWritten) hints.next();
      } finally {
        // The same message of another writer may have been left out in its place: then that write is not known.
        if (!isWritten && listeners > 0 && !take(message)) hints.next();
      }
    },
  };
};
