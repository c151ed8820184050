import { Subject, type Subscription } from 'rxjs';
import { dateTimestampProvider } from 'rxjs/internal/scheduler/dateTimestampProvider';
import { intervalProvider } from 'rxjs/internal/scheduler/intervalProvider';
import { timeoutProvider } from 'rxjs/internal/scheduler/timeoutProvider';

/** The time at which every run begins. */
const EPOCH_MS = Date.UTC(2030, 0, 1);

/** More reads of the clock than this in a run mean an endless loop. */
const MAX_CLOCK_READS = 100_000;

interface Timer {
  readonly handler: () => void;
  readonly everyMs: number | undefined;
  dueMs: number;
}

/**
 * A platform moved by hand: timers, the wall clock, and a window with events of the network and the page.
 * `TestScheduler` has no wall clock that can be set while its timers run, and drops all timers when a handler throws.
 */
export interface Platform {
  /** The time of the wall clock. */
  readonly nowMs: number;
  /** How much time has passed, however the wall clock was set. */
  readonly elapsedMs: number;
  /** Timers that are armed. */
  readonly timers: number;
  /** Listeners of the window. */
  readonly listeners: number;
  /** Errors that RxJS could only report. */
  readonly thrown: readonly unknown[];
  /** Lets time pass, and fires due timers in order. */
  advance(ms: number): void;
  /** Sets the wall clock forward or back; timers are not affected. */
  set(byMs: number): void;
  /** Whether it was ever set. */
  readonly isSet: boolean;
  online(): void;
  /** The page is shown again. */
  show(): void;
  /** How many subjects have subscribers. */
  observedSubjects(): number;
  uninstall(): void;
}

/**
 * The method that `Subject` and its subclasses call for each new subscriber. It is internal to RxJS 7, which has no
 * other way to see a leak from outside.
 */
interface Listened {
  _innerSubscribe(subscriber: unknown): Subscription;
}

const installTimers = () => {
  const timers = new Map<number, Timer>();
  const thrown: unknown[] = [];
  let elapsedMs = 0;
  let setMs = 0;
  let isSet = false;
  let handles = 0;
  let clockReads = 0;

  const arm = (handler: () => void, ms = 0, everyMs?: number): number => {
    timers.set(++handles, { handler, dueMs: elapsedMs + Math.max(0, ms), everyMs });
    return handles;
  };
  // RxJS only passes back what `arm` has returned.
  const disarm = (handle: unknown) => timers.delete(handle as number);

  /** The first timer that is due by `untilMs`; of several, the timer that was armed first. */
  const due = (untilMs: number): [number, Timer] | undefined => {
    let found: [number, Timer] | undefined;
    for (const entry of timers) if (entry[1].dueMs <= (found ? found[1].dueMs - 1 : untilMs)) found = entry;
    return found;
  };

  const fire = ([handle, timer]: [number, Timer]): void => {
    elapsedMs = timer.dueMs;
    timers.delete(handle);
    if (timer.everyMs !== undefined) timers.set(handle, { ...timer, dueMs: elapsedMs + timer.everyMs });
    try {
      timer.handler();
    } catch (error) {
      thrown.push(error);
    }
  };

  const readClock = (): number => {
    if (++clockReads > MAX_CLOCK_READS) throw new Error('the clock was read too often: an endless loop');
    return EPOCH_MS + elapsedMs + setMs;
  };

  dateTimestampProvider.delegate = { now: readClock };
  // RxJS only passes the handles back, whatever they are.
  timeoutProvider.delegate = { setTimeout: (handler, ms) => arm(handler, ms) as never, clearTimeout: disarm };
  intervalProvider.delegate = {
    setInterval: (handler, ms) => arm(handler, ms, ms ?? 0) as never,
    clearInterval: disarm,
  };

  return {
    thrown,
    nowMs: () => EPOCH_MS + elapsedMs + setMs,
    elapsedMs: () => elapsedMs,
    count: () => timers.size,
    advance: (ms: number) => {
      const untilMs = elapsedMs + ms;
      for (let next = due(untilMs); next; next = due(untilMs)) {
        readClock();
        fire(next);
      }
      elapsedMs = untilMs;
    },
    set: (byMs: number) => {
      isSet = true;
      setMs += byMs;
    },
    isSet: () => isSet,
    uninstall: () => {
      dateTimestampProvider.delegate = undefined;
      timeoutProvider.delegate = undefined;
      intervalProvider.delegate = undefined;
    },
  };
};

/** Node has no window: installs the two methods for listeners of a browser. */
const installWindow = () => {
  const listeners: { readonly type: string; readonly listener: (event: unknown) => void }[] = [];
  Object.assign(globalThis, {
    addEventListener: (type: string, listener: () => void) => {
      listeners.push({ type, listener });
    },
    removeEventListener: (type: string, listener: () => void) => {
      const at = listeners.findIndex((each) => each.type === type && each.listener === listener);
      if (at >= 0) listeners.splice(at, 1);
    },
  });
  return {
    listeners,
    emit: (type: string) => {
      for (const each of [...listeners]) if (each.type === type) each.listener({ type });
    },
    uninstall: () => {
      Reflect.deleteProperty(globalThis, 'addEventListener');
      Reflect.deleteProperty(globalThis, 'removeEventListener');
    },
  };
};

/** Records every subject that is subscribed to. */
const installSubjects = () => {
  const subjects = new Set<Subject<unknown>>();
  const prototype = Subject.prototype as unknown as Listened;
  const innerSubscribe = prototype._innerSubscribe;
  prototype._innerSubscribe = function (this: Subject<unknown> & Listened, subscriber) {
    subjects.add(this);
    return innerSubscribe.call(this, subscriber);
  };
  return {
    subjects,
    uninstall: () => {
      prototype._innerSubscribe = innerSubscribe;
    },
  };
};

/** The same random numbers in each run: they distinguish, and sort, ids of sign-ins of the same millisecond. */
const installChance = () => {
  const { random } = Math;
  let seed = 1;
  Math.random = () => {
    seed = Math.imul(seed, 0x5bd1e995) + 0x3039;
    return (seed >>> 0) / 2 ** 32;
  };
  return {
    uninstall: () => {
      Math.random = random;
    },
  };
};

export const installPlatform = (): Platform => {
  const timers = installTimers();
  const chance = installChance();
  const window = installWindow();
  const { subjects, ...subject } = installSubjects();
  return {
    get nowMs() {
      return timers.nowMs();
    },
    get elapsedMs() {
      return timers.elapsedMs();
    },
    get timers() {
      return timers.count();
    },
    get listeners() {
      return window.listeners.length;
    },
    thrown: timers.thrown,
    advance: timers.advance,
    set: timers.set,
    get isSet() {
      return timers.isSet();
    },
    online: () => window.emit('online'),
    show: () => window.emit('pageshow'),
    observedSubjects: () => [...subjects].filter(({ observed }) => observed).length,
    uninstall: () => {
      timers.uninstall();
      chance.uninstall();
      window.uninstall();
      subject.uninstall();
    },
  };
};
