import { Subject, type Subscription } from 'rxjs';
import { onTestFinished } from 'vitest';

/** What `Subject` calls for each new subscriber, its subclasses included. RxJS 7 has no public way to see from outside who listens. */
interface Listened {
  _innerSubscribe(subscriber: unknown): Subscription;
}

/** Counts the subjects, the library's own among them, that someone has listened to since and listens to still; until the test is over. */
export const watchSubjects = (): (() => number) => {
  const subjects = new Set<Subject<unknown>>();
  const prototype = Subject.prototype as unknown as Listened; // as RxJS 7 is inside
  const innerSubscribe = prototype._innerSubscribe;
  prototype._innerSubscribe = function (this: Subject<unknown> & Listened, subscriber) {
    subjects.add(this);
    return innerSubscribe.call(this, subscriber);
  };
  onTestFinished(() => {
    prototype._innerSubscribe = innerSubscribe;
  });
  return () => [...subjects].filter(({ observed }) => observed).length;
};
