import { asyncScheduler } from 'rxjs';

/**
 * Emits to all subscribers. With `config.useDeprecatedSynchronousErrorHandling`, an error of a subscriber would be
 * thrown here and skip the statements that follow. It is thrown from a timer instead, as RxJS does by default.
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
