import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Observable, retry } from 'rxjs';

/** How often the file is read if its directory cannot be watched. */
const POLL_MS = 1_000;

/** Emits once after that time, and does not keep the process alive. */
const unreferencedTimer = (ms: number): Observable<void> =>
  new Observable((subscriber) => {
    const timeout = setTimeout(() => {
      subscriber.next();
      subscriber.complete();
    }, ms);
    timeout.unref();
    return () => clearTimeout(timeout);
  });

/** Emits at once, and when the file may have changed. Errors if the directory cannot be watched, or is gone. */
const watched$ = (path: string): Observable<void> =>
  new Observable((subscriber) => {
    const directory = dirname(path);
    const watcher = watch(directory, { persistent: false });
    subscriber.add(() => watcher.close());
    watcher.on('error', (error) => subscriber.error(error));
    watcher.on('change', (_type, name) => {
      if (name === basename(path) || name === null) subscriber.next();
      // Linux reports the end of the directory itself by its name.
      else if (name === basename(directory)) subscriber.error(new Error('path: the directory has changed'));
    });
    // The watcher first: no write is missed between the two.
    subscriber.next();
  });

/**
 * Emits at once, and when the file may have changed: by watching its directory, or every second if that fails. Keeps no
 * process alive.
 */
export const fileChanges$ = (path: string): Observable<void> => {
  const attempt$ = new Observable<void>((subscriber) => {
    let hasEmitted = false;
    subscriber.add(
      watched$(path).subscribe({
        next: () => {
          hasEmitted = true;
          subscriber.next();
        },
        error: (error) => {
          if (!hasEmitted) subscriber.next();
          subscriber.error(error);
        },
      }),
    );
  });
  return attempt$.pipe(retry({ delay: () => unreferencedTimer(POLL_MS) }));
};
