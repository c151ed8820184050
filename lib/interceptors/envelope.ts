import { map } from 'rxjs';
import { BusinessError } from '../http/errors';
import { check, checkOptions, checkText, isScalar } from '../http/options';
import type { Interceptor } from '../http/request';

/** The options of {@link envelope}. */
export interface EnvelopeOptions {
  /** The code of success; `0` and `'0'` are the same. @defaultValue 0 */
  readonly successCode?: number | undefined;
  /** The name of the field that holds the code. @defaultValue `'code'` */
  readonly code?: string | undefined;
  /** The name of the field that holds the data. @defaultValue `'data'` */
  readonly data?: string | undefined;
  /** The name of the field that holds the message. @defaultValue `'message'` */
  readonly message?: string | undefined;
}

/**
 * Unwraps responses of the form `{ code, data, message }`: emits `data` as the body, or `null` without `data`. Errors
 * with `BusinessError` for any code but `successCode`. A body without a code, and a status of 400 or above, pass
 * unchanged.
 */
export const envelope = (options: EnvelopeOptions = {}): Interceptor => {
  const { successCode = 0, code = 'code', data = 'data', message = 'message' } = checkOptions(options);
  check(Number.isFinite(successCode) || typeof successCode === 'string', 'successCode', 'a number');
  for (const [name, field] of Object.entries({ code, data, message })) checkText(name, field);

  return (request, next) =>
    next(request).pipe(
      map((event) => {
        if (event.type !== 'response' || event.status >= 400) return event;
        const { body } = event;
        if (typeof body !== 'object' || body === null || !Object.hasOwn(body, code)) return event;
        // An object with the code's field; the values are checked below.
        const fields = body as Readonly<Record<string, unknown>>;
        const found = fields[code];
        if (`${found}` === `${successCode}`) return { ...event, body: fields[data] ?? null };
        const messageText = fields[message];
        throw new BusinessError(
          request,
          event,
          typeof found === 'number' ? found : `${found}`,
          isScalar(messageText) ? `${messageText}` : undefined,
        );
      }),
    );
};
