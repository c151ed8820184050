import { noop, Observable, type Subscriber, Subscription, timer } from 'rxjs';
import { nowMs } from '../http/clock';
import { deadline$ } from '../http/pipeline';
import { type Mutex, subscribeInside } from '../session/pending/limiter';

/**
 * How long a lock lingers after work that has written to the store. Another tab reads a write some milliseconds later,
 * but may get the lock earlier, and would then read the old tokens. The session releases its waiters before that.
 */
const LINGER_MS = 250;

/** The client that holds the lock of that name; undefined if there is none, or if the lock manager does not name it. */
const holderOf = async (name: string): Promise<unknown> =>
  (await navigator.locks.query()).held?.find((lock) => lock.name === name)?.clientId;

/** A request for one lock. Ends once: granted, refused, timed out or aborted. */
class LockRequest {
  isGranted = false;
  readonly #abort = new AbortController();
  readonly #requestedAtMs = nowMs();
  #isWaiting = true;
  #timeout = Subscription.EMPTY;
  /** The client that held the lock when last asked; this request itself until the first response. */
  #holder: unknown = this;
  #unlock = noop;

  /**
   * @param onGranted - Called with the lock; `isLate` if it was granted after `timeoutMs`.
   * @param onRefused - Called if there is no such API, if it throws, and after `timeoutMs` with one holder or without a
   *   response.
   * @param onResponse - Called at the first response of the lock manager.
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

  /** Releases the lock, or aborts the request for it. */
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

  /** Waits for `timeoutMs`, and once more each time that another client holds the lock by then. */
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
 * A mutex for the tabs of a browser, by the Web Locks API (https://www.w3.org/TR/web-locks). Work runs without the lock
 * if there is no such API, if it throws or does not respond within `timeoutMs`, or if one client holds the lock that
 * long. The lock of a frozen tab is not stolen, because that tab would continue without a lock. Instead, the tabs whose
 * wait has timed out exclude each other with a second lock.
 *
 * @param hasWritten - Whether the work that has ended wrote to the store.
 */
export const createWebLock = (name: string, timeoutMs: number, hasWritten: () => boolean): Mutex => {
  /** The timer that releases the lingering locks. */
  let lingering = Subscription.EMPTY;
  /** The locks that the next work takes over while the timer runs. */
  let lingeringLocks: readonly LockRequest[] = [];
  let lingersUntilMs = 0;

  const releaseAll = (locks: readonly LockRequest[]): void => {
    for (const lock of locks) lock.release();
  };

  const release = (locks: readonly LockRequest[], isRunning: boolean): void => {
    const granted = locks.filter(({ isGranted }) => isGranted);
    const hasRun = isRunning && granted.length > 0;
    if (hasRun && hasWritten()) lingersUntilMs = nowMs() + LINGER_MS;
    // Work that takes the locks over and writes nothing does not shorten the time of the write before it.
    const leftMs = Math.min(LINGER_MS, lingersUntilMs - nowMs());
    if (hasRun && leftMs > 0) {
      lingeringLocks = granted;
      lingering = timer(leftMs).subscribe(() => releaseAll(lingeringLocks));
    } else {
      releaseAll(locks);
    }
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
        // A lock manager that does not respond is not asked for the second lock: its work waits for one timeout only.
        const proceed = (): void => (isFirst && hasResponse ? request(`${name}:overtaken`) : run());
        const onResponse = (): void => {
          hasResponse = true;
        };
        // After a late grant, another tab may hold the second lock: this tab then waits for that lock as well.
        const lock = new LockRequest(next, timeoutMs, (isLate) => (isLate ? proceed() : run()), proceed, onResponse);
        locks = [...locks, lock];
        lock.start();
      };

      subscriber.add(() => {
        try {
          inside.unsubscribe();
        } finally {
          release(locks, isRunning);
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
