import type { Tokens } from 'renewal';
import { filter, firstValueFrom, map, Observable, Subject, type Subscriber, takeUntil, timer } from 'rxjs';
import { FREE, type Lease, type LockSettings } from './lease';
import { runScript } from './script';
import { BROKEN, listen, type Message, MISSED } from './subscriptions';

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

/** After an interruption, how long the other processes have to connect again. */
const RETURN_MS = 1_000;

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
export class Changes {
  readonly #lock: LockSettings;
  readonly #leases: Leases;
  /** The messages of others. */
  readonly #foreign = new Subject<string>();
  /** The messages of own writes that are still to come. */
  #expected: string[] = [];
  #subscribers: readonly Subscriber<null>[] = [];
  /** The highest revision that others have written. */
  #announced = 0;
  /** When another store has asked last. */
  #askedAtMs = -Infinity;
  /** When the channel was last interrupted, or was back after that. */
  #interruptedAtMs = -Infinity;

  /**
   * For the session: another one has written, or messages were missed. Own writes are left out. Without operators,
   * which would take 3 kB for each session.
   */
  readonly changes$ = new Observable<null>((subscriber) => {
    const { client, channel } = this.#lock;
    // No message arrives.
    if (!client.duplicate) return undefined;
    this.#subscribers = [...this.#subscribers, subscriber];
    const unlisten = listen(client, channel, (message) => {
      if (this.#isHint(message)) subscriber.next(null);
    });
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
      this.#expected = [];
      unlisten?.();
    };
  });

  constructor(lock: LockSettings, leases: Leases) {
    this.#lock = lock;
    this.#leases = leases;
  }

  hint(): void {
    for (const subscriber of this.#subscribers) subscriber.next(null);
  }

  /** The tokens of another session were read. */
  onOther({ revision = 0 }: Tokens): void {
    this.#announced = revision;
  }

  /** Whether others may have the value that is missing: newer tokens, or a refresh under a lock that was lost too. */
  isLost(last: Tokens | undefined, lease: Lease | undefined): boolean {
    const isOld = this.#announced > (last?.revision ?? 0);
    return this.#isListening && !!last && !lease?.isWorking && (isOld || !!lease);
  }

  /** Asks the others to write the value again. Resolves to whether it is worth to read it again. */
  async ask(lease: Lease | undefined): Promise<boolean> {
    const foreign = this.#foreign;
    const asker = lease?.owner ?? crypto.randomUUID();
    const written = emitsWithin(foreign.pipe(filter((message) => message.startsWith(LOOK))), ANSWER_MS);
    const busy = this.#busy(asker);
    // All answer another one that has just asked. Else each question, which all read the value for, would lead to more.
    if (lease || performance.now() >= this.#askedAtMs + 2 * ANSWER_MS) this.#publish(LOST + asker);
    // The answer of a lease at work may come after that of a session with older tokens.
    if (!lease || !(await busy)) return written;
    return emitsWithin(foreign.pipe(filter((message) => message === FREE)), MAX_BUSY_MS);
  }

  /**
   * Whether a lease that is not at work yet has to leave its lock unused: another process may be at work, whose lock
   * the server has lost. After an interruption, the server may be a replica that was promoted.
   *
   * @param isDoubtful - Whether the lock was held, and nobody has said that it is free.
   */
  async isOvertaking({ owner }: Lease, isDoubtful: boolean): Promise<boolean> {
    const sinceMs = performance.now() - this.#interruptedAtMs;
    const isInterrupted = sinceMs < this.#lock.ttlMs + RETURN_MS;
    if (!this.#isListening || !(isDoubtful || isInterrupted)) return false;
    const busy = this.#busy(owner);
    this.#publish(LOST + owner);
    return (await busy) || sinceMs < RETURN_MS;
  }

  /** Runs a write that publishes `message` if it is done: resolves to 1. Emits a hint if it was fenced. */
  async write(message: string, run: () => Promise<unknown>): Promise<void> {
    if (this.#isListening) this.#expect(message);
    let isWritten = false;
    try {
      isWritten = (await run()) === 1;
      if (!isWritten) this.hint();
    } finally {
      // The same message of another writer may have been left out in its place: then that write is not known.
      if (!isWritten && this.#isListening && !this.#take(message)) this.hint();
    }
  }

  /** Whether a lease at work answers. */
  #busy(asker: string): Promise<boolean> {
    return emitsWithin(this.#foreign.pipe(filter((message) => message === BUSY + asker)), ANSWER_MS);
  }

  get #isListening(): boolean {
    return this.#subscribers.length > 0;
  }

  #expect(message: string): void {
    this.#expected = [...this.#expected.slice(1 - MAX_EXPECTED), message];
  }

  #take(message: string): boolean {
    const nth = this.#expected.indexOf(message);
    if (nth >= 0) this.#expected.splice(nth, 1);
    return nth >= 0;
  }

  #publish(message: string): Promise<unknown> {
    const { client, key, channel } = this.#lock;
    this.#expect(message);
    return runScript(client, key, ['publish', channel, message]).reply.catch(() => this.#take(message));
  }

  /** Another store has lost the value: its session waits for this lease, or this session writes its tokens again. */
  #answer(asker: string): boolean {
    const isBusy = [...this.#leases].some((lease) => lease.hasPrecedence(asker));
    if (isBusy) this.#publish(BUSY + asker);
    return !isBusy;
  }

  /** Whether the session has to read the value. */
  #isHint(message: Message): boolean {
    if (message === BROKEN) this.#interruptedAtMs = performance.now();
    if (message === MISSED) {
      this.#expected = [];
      if (this.#interruptedAtMs >= 0) this.#onBack();
      return true;
    }
    if (typeof message !== 'string') return false;
    if (this.#take(message)) return false;
    this.#foreign.next(message);
    if (message.startsWith(LOST)) {
      this.#askedAtMs = performance.now();
      return this.#answer(message.slice(LOST.length));
    }
    if (!message.startsWith(LOOK)) return false;
    this.#announced = Math.max(this.#announced, Number(message.slice(LOOK.length)) || 0);
    // If lost tokens were written again, the lock may be lost as well.
    this.#extend();
    return true;
  }

  /** The server that is connected now may have lost the locks. */
  #onBack(): void {
    this.#interruptedAtMs = performance.now();
    this.#extend();
  }

  #extend(): void {
    for (const lease of this.#leases) lease.extend();
  }
}
