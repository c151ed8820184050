import { noop, Observable, type Subscriber, Subscription, timer } from 'rxjs';
import { nowMs } from '../http/clock';
import { deadline$ } from '../http/pipeline';
import { type Mutex, subscribeInside } from '../session/pending/limiter';

/**
 * How long a lock is kept after something was written under it. Another tab may read a write only some milliseconds
 * later, and a lock overtakes that: its next holder would find the old tokens. Waiting requests are released before.
 */
const LINGER_MS = 250;

/** Which client holds the lock of that name, if the lock manager says so. */
const holderOf = async (name: string): Promise<unknown> =>
  (await navigator.locks.query()).held?.find((lock) => lock.name === name)?.clientId;

/** A request for one lock. Ends once: granted, refused, timed out or aborted. */
class LockRequest {
  isGranted = false;
  readonly #abort = new AbortController();
  readonly #requestedAtMs = nowMs();
  #isWaiting = true;
  #timeout = Subscription.EMPTY;
  /** Which client has held the lock so far; this request itself stands for an unknown one. */
  #holder: unknown = this;
  #unlock = noop;

  /**
   * @param onGranted - Called with the lock; `isLate` if it was granted after `timeoutMs`.
   * @param onRefused - Called if there is no such API, if it throws, and after `timeoutMs` with one holder or without
   *   an answer.
   * @param onResponse - Called when the lock manager has answered at all.
   */
  constructor(
    readonly name: string,
    readonly timeoutMs: number,
    readonly onGranted: (isLate: boolean) => void,
    readonly onRefused: () => void,
    readonly onResponse: () => void,
  ) {}

  start(): void {
    const refuse = (): void => this.#refuse();
    this.#awaitHolder();
    try {
      navigator.locks.request(this.name, { signal: this.#abort.signal }, (lock) => this.#grant(lock)).catch(refuse);
    } catch {
      refuse();
    }
  }

  /** Releases the lock, or gives up the request. */
  release(): void {
    this.#stop();
    this.#abort.abort();
    this.#unlock();
  }

  #stop(): void {
    this.#isWaiting = false;
    this.#timeout.unsubscribe();
  }

  #refuse(): void {
    if (!this.#isWaiting) return;
    this.#stop();
    this.#abort.abort();
    this.onRefused();
  }

  #grant(lock: unknown): Promise<void> | undefined {
    if (!lock) this.#refuse();
    if (!this.#isWaiting) return undefined;
    this.#stop();
    this.isGranted = true;
    const { timeoutMs } = this;
    return new Promise((resolve) => {
      this.#unlock = resolve;
      // After a freeze, the lock may be granted before the overdue timeout fires.
      this.onGranted(timeoutMs > 0 && nowMs() >= this.#requestedAtMs + timeoutMs);
    });
  }

  /** Waits for `timeoutMs`, and again if another client has come to hold the lock by then. */
  #awaitHolder(): void {
    let hasResponded = false;
    holderOf(this.name).then((holder) => {
      hasResponded = true;
      if (this.#holder === this) this.onResponse();
      if (this.#holder === holder) this.#refuse();
      this.#holder = holder;
    }, noop);
    this.#timeout = deadline$(this.timeoutMs).subscribe(() => (hasResponded ? this.#awaitHolder() : this.#refuse()));
  }
}

/**
 * Keeps the tabs of a browser apart with the Web Locks API (https://www.w3.org/TR/web-locks). Work runs all the same if
 * there is no such API, if it throws or has not answered within `timeoutMs`, or if one holder keeps the lock for that
 * long. The lock of a frozen holder is not stolen, because the holder would go on as if it were alone: the tabs whose
 * wait has timed out exclude each other with a second lock.
 *
 * @param hasWritten - Whether the work that ends has written to the store.
 */
export const createWebLock = (name: string, timeoutMs: number, hasWritten: () => boolean): Mutex => {
  /** Runs while locks are kept for a write to settle. */
  let lingering = Subscription.EMPTY;
  /** The locks that are kept then. */
  let lingeringLocks: readonly LockRequest[] = [];

  const releaseAll = (locks: readonly LockRequest[]): void => {
    for (const lock of locks) lock.release();
  };

  return <T>(work: Observable<T>) =>
    new Observable((subscriber: Subscriber<T>) => {
      const inside = new Subscription();
      let locks: readonly LockRequest[] = [];
      let isRunning = false;
      let hasResponse = false;

      const run = (): void => {
        isRunning = true;
        subscribeInside(inside, work, subscriber);
      };
      const request = (next: string): void => {
        const isFirst = next === name;
        // Only a manager that answers is asked for a second lock, so that a silent one costs the wait once.
        const proceed = (): void => (isFirst && hasResponse ? request(`${name}:overtaken`) : run());
        const onResponse = (): void => {
          hasResponse = true;
        };
        // After a late grant, other tabs may be using the second lock: this tab waits for that as well.
        const lock = new LockRequest(next, timeoutMs, (isLate) => (isLate ? proceed() : run()), proceed, onResponse);
        locks = [...locks, lock];
        lock.start();
      };
      const release = (): void => {
        const granted = locks.filter(({ isGranted }) => isGranted);
        if (isRunning && granted.length > 0 && hasWritten()) {
          lingeringLocks = granted;
          lingering = timer(LINGER_MS).subscribe(() => releaseAll(lingeringLocks));
        } else {
          releaseAll(locks);
        }
      };

      subscriber.add(() => {
        try {
          inside.unsubscribe();
        } finally {
          release();
        }
      });
      if (lingering.closed) {
        request(name);
      } else {
        lingering.unsubscribe();
        locks = lingeringLocks;
        run();
      }
    });
};
