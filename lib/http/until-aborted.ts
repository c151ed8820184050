import { type Subscriber, Subscription } from 'rxjs';

/** The reason of an aborted signal. Polyfills have none, as those of React Native. */
export const reasonOf = ({ reason }: AbortSignal): unknown =>
  reason === undefined ? Object.assign(new Error('the signal was aborted'), { name: 'AbortError' }) : reason;

/**
 * The subscription of a request's work. When `signal` is aborted, it ends first, as by unsubscribing, and then `caller`
 * errors with the reason. The listener is removed once `caller` has ended.
 */
export const untilAborted = (signal: AbortSignal, caller: Subscriber<unknown>): Subscription => {
  const work = new Subscription();
  const abort = (): void => {
    work.unsubscribe();
    caller.error(reasonOf(signal));
  };
  caller.add(work);
  signal.addEventListener('abort', abort);
  caller.add(() => signal.removeEventListener('abort', abort));
  return work;
};
