import { Observable, type Subscriber, Subscription } from 'rxjs';
import { createMutex, type Mutex, subscribeInside } from '../session/pending/limiter';
import { acquireLock, type FileLock, type FileLockOptions, LockTimeoutError } from './file-lock';

/**
 * Makes a mutex for the processes of one machine, by a lock file. If no lock can be made, as the directory is
 * read-only, gone or full, work runs without one. If another process keeps the lock for too long, the work fails.
 */
export const createFileMutex = (options: () => FileLockOptions): Mutex => {
  // Within this process, works take turns without files.
  const mutex = createMutex();
  let releasing: Promise<void> = Promise.resolve();

  const acquire = async (signal: AbortSignal): Promise<FileLock | undefined> => {
    await releasing;
    try {
      signal.throwIfAborted();
      return await acquireLock(options(), signal);
    } catch (error) {
      if (signal.aborted || error instanceof LockTimeoutError) throw error;
      return undefined;
    }
  };

  const release = (lock: FileLock | undefined): void => {
    if (lock) releasing = lock.release();
  };

  return <T>(work: Observable<T>) =>
    mutex(
      new Observable((subscriber: Subscriber<T>) => {
        const inside = new Subscription();
        const abort = new AbortController();
        let held: FileLock | undefined;
        subscriber.add(() => {
          abort.abort();
          try {
            inside.unsubscribe();
          } finally {
            release(held);
          }
        });
        acquire(abort.signal)
          .then((lock) => {
            if (subscriber.closed) return release(lock);
            held = lock;
            subscribeInside(inside, work, subscriber);
          })
          .catch((error) => subscriber.error(error));
      }),
    );
};
