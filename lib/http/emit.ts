import { asyncScheduler } from 'rxjs';

/**
 * Emits to all subscribers. With `config.useDeprecatedSynchronousErrorHandling`, an error that one of them throws would come out here and stop
 * what follows; it is thrown from a timer instead, as RxJS does by default.
 */
export const emit = <T>(subject: { next(value: T): void }, value: NoInfer<T>): void => {
  try {
    subject.next(value);
  } catch (error) {
    asyncScheduler.schedule(() => {
      throw error;
    });
  }
};
