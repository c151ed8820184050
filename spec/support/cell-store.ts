import type { TokenStore, Tokens } from 'renewal';
import type { Observable } from 'rxjs';

/** Tokens of the session `s`: `T1` with `R1`. */
export const tokens = (accessToken: string, extra: Partial<Tokens> = {}): Tokens => ({
  accessToken,
  refreshToken: accessToken.replace('T', 'R'),
  sessionId: 's',
  ...extra,
});

/** What an observable has come to. */
export const watch = <T>(source$: Observable<T>): { readonly seen: (T | { error: unknown } | 'done')[] } => {
  const seen: (T | { error: unknown } | 'done')[] = [];
  source$.subscribe({
    next: (value) => seen.push(value),
    error: (error) => seen.push({ error }),
    complete: () => seen.push('done'),
  });
  return { seen };
};

/** A store of one cell, whose methods a test replaces. */
export const createCellStore = (initial: Tokens | null, methods: Partial<TokenStore> = {}) => {
  const cell = { held: initial };
  const log: string[] = [];
  const store: TokenStore = {
    load: () => cell.held,
    save: (saved) => {
      log.push(`save ${saved.accessToken}`);
      cell.held = saved;
    },
    clear: () => {
      log.push('clear');
      cell.held = null;
    },
    exclusive: (work) => work,
    ...methods,
  };
  return { cell, log, store };
};
