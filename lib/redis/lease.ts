import { Subscription } from 'rxjs';
import { type RedisClient, type Sent, StoreError, send } from './client';
import { runScript } from './script';
import { listen$, MISSED } from './subscriptions';

/** Where and how long a store locks. */
export interface LockSettings {
  readonly client: RedisClient;
  /** The Redis key of the lock. */
  readonly key: string;
  /** The channel that says when the lock is free. */
  readonly channel: string;
  readonly ttlMs: number;
  readonly timeoutMs: number;
}

/** The message on the channel when a lease has ended. */
export const FREE = 'free';

/** Polls of a lock that is held: its holder may have been killed, or the channel may be interrupted. */
const MIN_POLL_MS = 250;
const POLL_JITTER_MS = 500;

/** What an attempt to get the lock has shown. `unknown`: Redis is unreachable, read-only or full. */
type Outcome = 'free' | 'held' | 'unknown';

/** One acquisition of a lock: a lease that is extended until `release`. */
export class Lease {
  readonly owner = crypto.randomUUID();
  #hasEnded = false;
  #isOwn = false;
  /** The last attempt: without a reply yet, or never to have one. In both cases it may have taken the lock. */
  #attempt: 'replied' | 'pending' | 'lost' = 'replied';
  #extension: ReturnType<typeof setInterval> | undefined;
  /** Settles when the client has settled the last command: the release comes after it. */
  #settled: Promise<unknown> = Promise.resolve();
  readonly #waiting = new Subscription();
  /** Whether its work has read the value, and may have spent the refresh token. */
  isWorking = false;
  /** Called when it has ended. */
  onEnd = (): void => {};
  #isListening = false;
  /** Whether the lock was held, and its holder has not said that it is free. */
  #isDoubtful = false;
  #wake = (): void => {};

  /** @param isOvertaking - Whether another process may be at work although this lease has the lock. */
  constructor(
    readonly settings: LockSettings,
    readonly isOvertaking: (lease: Lease, isDoubtful: boolean) => Promise<boolean> = async () => false,
  ) {}

  /**
   * Resolves once the lease has the lock, or if no lock can be had: the work then runs without it. Rejects if the lock
   * was held for longer than `timeoutMs`. Never settles after `release`.
   */
  async acquire(): Promise<void> {
    const { ttlMs, timeoutMs } = this.settings;
    const startedAtMs = performance.now();
    let heldAtMs = -Infinity;
    for (;;) {
      const outcome = await this.#ask();
      if (this.#hasEnded) return new Promise(() => {});
      const isHeld = outcome === 'held' || (outcome === 'free' && (await this.isOvertaking(this, this.#isDoubtful)));
      if (this.#hasEnded) return new Promise(() => {});
      const nowMs = performance.now();
      this.#isDoubtful ||= isHeld;
      if (isHeld) heldAtMs = nowMs;
      // The last holder that was seen may still be at work, although Redis is gone.
      else if (outcome === 'free' || nowMs >= heldAtMs + ttlMs) break;
      const leftMs = startedAtMs + timeoutMs - nowMs;
      if (leftMs <= 0) throw new StoreError('LockTimeoutError', `lockTimeoutMs: the lock was held for ${timeoutMs} ms`);
      await this.#wait(Math.min(leftMs, MIN_POLL_MS + Math.random() * POLL_JITTER_MS));
      if (this.#hasEnded) return new Promise(() => {});
    }
    this.#waiting.unsubscribe();
  }

  /** Ends the lease and releases the lock, also one whose reply comes later. */
  release(): void {
    this.#hasEnded = true;
    clearInterval(this.#extension);
    this.#waiting.unsubscribe();
    this.#wake();
    if (this.#isOwn || this.#attempt !== 'replied') this.#delete();
    this.onEnd();
  }

  /**
   * Whether another lease that has lost the value has to wait for this one. Of two that have not read it yet, the one
   * with the lower owner goes on.
   */
  hasPrecedence(asker: string): boolean {
    return !this.#hasEnded && asker !== this.owner && (this.isWorking || this.owner < asker);
  }

  #record<T>(sent: Sent<T>): Sent<T> {
    this.#settled = Promise.all([this.#settled, sent.settled]);
    return sent;
  }

  async #ask(): Promise<Outcome> {
    const { client, key, ttlMs } = this.settings;
    if (this.#isOwn) return 'free';
    if (this.#attempt === 'pending') return 'unknown';
    // The lock of an attempt whose reply was lost may be this lease's own: to extend takes that one, or a free one.
    const sent: Sent<unknown> =
      this.#attempt === 'lost'
        ? runScript(client, key, ['extend', this.owner, ttlMs])
        : send(client, (commands) =>
            commands.set(key, this.owner, { condition: 'NX', expiration: { type: 'PX', value: ttlMs } }),
          );
    this.#attempt = 'pending';
    const { reply, settled } = this.#record(sent);
    const outcome = settled.then((done): Outcome => {
      this.#attempt = 'reply' in done ? 'replied' : 'lost';
      if (done.reply !== 'OK' && done.reply !== 1) return 'reply' in done ? 'held' : 'unknown';
      this.#hold();
      return 'free';
    });
    return reply.then(
      () => outcome,
      () => 'unknown',
    );
  }

  /** The lock is this lease's, perhaps later than the deadline of the attempt. */
  #hold(): void {
    // The release follows.
    if (this.#hasEnded) return;
    this.#isOwn = true;
    this.#extension = setInterval(() => this.extend(), this.settings.ttlMs / 3);
    this.#extension.unref();
  }

  /** Extends the lease, or takes its lock again if that was deleted. */
  async extend(): Promise<void> {
    if (!this.#isOwn || this.#hasEnded) return;
    const { client, key, ttlMs } = this.settings;
    const { reply } = this.#record(runScript(client, key, ['extend', this.owner, ttlMs]));
    // Without a reply, the next extension may succeed. The lock of another owner is left alone.
    if ((await reply.catch(() => 1)) === 0) clearInterval(this.#extension);
  }

  #delete(): void {
    const { client, key, channel, ttlMs } = this.settings;
    this.#isOwn = false;
    this.#attempt = 'replied';
    this.#record({
      reply: Promise.resolve(),
      // After the command before it: on another connection, the release could overtake it.
      settled: this.#settled.then(() => runScript(client, key, ['release', this.owner, channel, FREE], ttlMs).settled),
    });
  }

  /** Waits for a message that the lock is free, and no longer than `ms`. Keeps the process alive. */
  #wait(ms: number): Promise<void> {
    const { client, channel } = this.settings;
    const woken = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (!this.#isListening)
      this.#waiting.add(
        listen$(client, channel).subscribe((message) => {
          if (message === FREE) this.#isDoubtful = false;
          if (message === FREE || message === MISSED) this.#wake();
        }),
      );
    this.#isListening = true;
    return woken;
  }
}
