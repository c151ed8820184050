import { Subject, type Subscription } from 'rxjs';
import { onTestFinished } from 'vitest';

/**
 * The method that `Subject` and its subclasses call for each new subscriber. RxJS 7 has no public way to observe this.
 */
interface Listened {
  _innerSubscribe(subscriber: unknown): Subscription;
}

/**
 * Counts the subjects, including the library's, that were subscribed to since and still have an observer; until the end
 * of the test.
 */
export const watchSubjects = (): (() => number) => {
  const subjects = new Set<Subject<unknown>>();
  const prototype = Subject.prototype as unknown as Listened; // a private method of RxJS 7
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
