/** The contract of the shop and its clients: codes and shapes of the bodies. */

/** Every response has this shape. A `code` other than {@link Code.Ok} is an error, whatever the HTTP status. */
export interface Envelope<T = unknown> {
  readonly code: number;
  readonly message: string;
  readonly data?: T;
}

export const Code = {
  Ok: 0,
  WrongCredentials: 1001,
  TokenExpired: 1002,
  RefreshRefused: 1003,
} as const;

/** The data of `POST /app/login` and `POST /app/renewal`. */
export interface TokenPair {
  readonly token: string;
  readonly refreshToken: string;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface OrderDraft {
  readonly item: string;
  readonly quantity: number;
}

export interface Order extends OrderDraft {
  readonly id: number;
  readonly placedBy: string;
}

/** Identifies the app that requests a renewal. Every copy of the app contains it, so it is not a secret. */
export const CLIENT_KEY = 'shop-example-app';

export const DEMO_USER: Credentials = { user: 'ada', password: 'analytical engine' };
export const OTHER_USER: Credentials = { user: 'grace', password: 'flow-matic' };

/** Behaviour of `POST /app/renewal`: normal, late, refusing every token, or cutting the connection. */
export const RENEWAL_MODES = ['ok', 'slow', 'refused', 'offline'] as const;
export type RenewalMode = (typeof RENEWAL_MODES)[number];

export function isRenewalMode(value: unknown): value is RenewalMode {
  return RENEWAL_MODES.some((mode) => mode === value);
}

/** Routes of the demo page, not of an app: they read and set the state of the shop. */
export const DemoRoutes = {
  State: '/demo',
  ExpireTokens: '/demo/expire-tokens',
  Refresh: '/demo/refresh',
} as const;

export interface DemoState {
  /** A new id for each start of the shop. */
  readonly run: string;
  readonly refresh: RenewalMode;
}
