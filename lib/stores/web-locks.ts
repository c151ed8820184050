import { noop, Observable, Subscription, timer } from 'rxjs';
import { nowMs } from '../http/clock';
import { deadline$ } from '../http/pipeline';
import { type Exclusive, runIn } from './turns';

/**
 * How long a lock is kept once something was written under it. What one tab has written, another may read only some milliseconds later, and a lock
 * overtakes that: who came next would find the old tokens. Those who hear of the new ones do not wait for it.
 */
const SETTLE_MS = 250;

/** Which client holds the lock of that name, as far as the manager says. */
const holderOf = async (name: string): Promise<unknown> =>
  (await navigator.locks.query()).held?.find((lock) => lock.name === name)?.clientId;

/**
 * Keeps the tabs of a browser apart with the Web Locks API; `hasWritten` says whether the work that ends has written. Where there is no such API, or it
 * throws, or has not answered within `timeoutMs`, work runs all the same, as it does if one holder keeps the lock for that long. A lock whose holder is frozen is not
 * stolen, as the holder would go on in the belief that it is alone: those who have waited for it in vain keep one another out with a second one.
 */
export const createWebLock = (name: string, timeoutMs: number, hasWritten: () => boolean): Exclusive => {
  /** While a lock is kept for what was written to settle, and how it is let go. */
  let settling = Subscription.EMPTY;
  let release = noop;

  return (work) =>
    new Observable((subscriber) => {
      const turn = new Subscription();
      const names = [name];
      /** How the locks are released that are held. */
      const held: (() => void)[] = [];
      let letGo = noop;

      const run = (): void => {
        letGo = () => {
          if (!held.length) return;
          release = () => {
            for (const done of held) done();
          };
          if (hasWritten()) settling = timer(SETTLE_MS).subscribe(() => release());
          else release();
        };
        runIn(turn, work, subscriber);
      };

      const ask = (): void => {
        const next = names.shift();
        if (!next) {
          run();
          return;
        }
        const askedAtMs = nowMs();
        const leave = new AbortController();
        let isWaiting = true;
        let patience = Subscription.EMPTY;
        let holder: unknown = leave;
        const stop = (): void => {
          isWaiting = false;
          patience.unsubscribe();
        };
        const goOn = (): void => {
          if (!isWaiting) return;
          stop();
          leave.abort();
          ask();
        };
        /** Waits for `timeoutMs`, and again if another client has come to hold the lock by then. */
        const wait = (): void => {
          let isAnswered = false;
          holderOf(next).then((found) => {
            isAnswered = true;
            // Only a manager that answers is asked for a second lock: who waits for a silent one should not wait twice.
            if (holder === leave && next === name) names.push(`${name}:overtaken`);
            if (holder === found) goOn();
            holder = found;
          }, noop);
          patience = deadline$(timeoutMs).subscribe(() => (isAnswered ? wait() : goOn()));
        };
        letGo = () => {
          stop();
          leave.abort();
          for (const done of held) done();
        };
        const enter = (lock: unknown): Promise<void> | undefined => {
          if (!lock) goOn();
          if (!isWaiting) return undefined;
          stop();
          return new Promise((done) => {
            held.push(done);
            // After a long wait, others may have gone on with the second lock: this page waits for that as well.
            if (timeoutMs > 0 && nowMs() >= askedAtMs + timeoutMs) ask();
            else run();
          });
        };
        wait();
        try {
          navigator.locks.request(next, { signal: leave.signal }, enter).catch(goOn);
        } catch {
          goOn();
        }
      };

      subscriber.add(() => {
        try {
          turn.unsubscribe();
        } finally {
          letGo();
        }
      });
      if (settling.closed) {
        ask();
      } else {
        settling.unsubscribe();
        held.push(release);
        run();
      }
    });
};
