import type { TokenStore, Tokens } from 'renewal';
import type { Observable } from 'rxjs';

/** Tokens of the session `s`: `T1` with `R1`. */
export const tokens = (accessToken: string, extra: Partial<Tokens> = {}): Tokens => ({
  accessToken,
  refreshToken: accessToken.replace('T', 'R'),
  sessionId: 's',
  ...extra,
});

/** Subscribes, and records every notification. */
export const observe = <T>(source$: Observable<T>): { readonly notifications: (T | { error: unknown } | 'done')[] } => {
  const notifications: (T | { error: unknown } | 'done')[] = [];
  source$.subscribe({
    next: (value) => notifications.push(value),
    error: (error) => notifications.push({ error }),
    complete: () => notifications.push('done'),
  });
  return { notifications };
};

/** A store with one cell, whose methods a test may replace. */
export const createCellStore = (initial: Tokens | null, methods: Partial<TokenStore> = {}) => {
  const cell = { tokens: initial };
  const log: string[] = [];
  const store: TokenStore = {
    load: () => cell.tokens,
    save: (saved) => {
      log.push(`save ${saved.accessToken}`);
      cell.tokens = saved;
    },
    clear: () => {
      log.push('clear');
      cell.tokens = null;
    },
    exclusive: (work) => work,
    ...methods,
  };
  return { cell, log, store };
};
