import { noop, Observable, Subscription, timer } from 'rxjs';
import { deadline$ } from '../http/pipeline';
import { nowMs } from '../session/clock';
import { type Exclusive, runIn } from './turns';

/**
 * How long a lock is kept once something was written under it. What one tab has written, another may read only some milliseconds later, and a lock
 * overtakes that: who came next would find the old tokens. Those who hear of the new ones do not wait for it.
 */
const SETTLE_MS = 250;

/**
 * Keeps the tabs of a browser apart with the Web Locks API; `hasWritten` says whether the work that ends has written. Where there is no such API, or it
 * throws, or has not answered within `timeoutMs`, work runs all the same. A lock whose holder is frozen is not stolen, as the holder would go on in
 * the belief that it is alone: those who have waited for it in vain keep one another out with a second one.
 */
export const createWebLock = (name: string, timeoutMs: number, hasWritten: () => boolean): Exclusive => {
  /** While a lock is kept for what was written to settle, and how it is let go. */
  let settling = Subscription.EMPTY;
  let release = noop;

  return (work) =>
    new Observable((subscriber) => {
      const turn = new Subscription();
      const names = [name];
      let letGo = noop;

      const runHolding = (letLockGo: () => void): void => {
        letGo = () => {
          release = letLockGo;
          if (hasWritten()) settling = timer(SETTLE_MS).subscribe(() => release());
          else release();
        };
        runIn(turn, work, subscriber);
      };

      const ask = (): void => {
        const next = names.shift();
        if (!next) {
          runIn(turn, work, subscriber);
          return;
        }
        const askedAtMs = nowMs();
        const leave = new AbortController();
        let isWaiting = true;
        const stop = (): void => {
          isWaiting = false;
          patience.unsubscribe();
        };
        const goOn = (): void => {
          if (!isWaiting) return;
          letGo();
          ask();
        };
        const patience = deadline$(timeoutMs).subscribe(goOn);
        letGo = () => {
          stop();
          leave.abort();
        };
        const enter = (lock: unknown): Promise<void> | undefined => {
          // In a page that was frozen, the grant may come before the timer that has long been due: others have gone on meanwhile.
          if (!lock || (timeoutMs > 0 && nowMs() >= askedAtMs + timeoutMs)) goOn();
          if (!isWaiting) return undefined;
          stop();
          return new Promise(runHolding);
        };
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
        // Only a manager that answers is asked for a second lock: who waits for a silent one should not wait twice.
        Promise.resolve()
          .then(() => navigator.locks.query())
          .then(() => names.push(`${name}:overtaken`), noop);
        ask();
      } else {
        settling.unsubscribe();
        runHolding(release);
      }
    });
};
