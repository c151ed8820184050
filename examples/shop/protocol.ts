/** What the shop and its clients agree on: the codes, and the shape of what goes over the wire. */

/** Every answer has this shape; a `code` other than {@link Code.Ok} is a refusal, whatever the HTTP status. */
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

/** What `POST /app/login` and `POST /app/renewal` hand out. */
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

/** Says which app asks for a renewal. It ships with every copy of the app, so it is not a secret. */
export const CLIENT_KEY = 'shop-example-app';

export const DEMO_USER: Credentials = { user: 'ada', password: 'analytical engine' };
export const OTHER_USER: Credentials = { user: 'grace', password: 'flow-matic' };

/** How `POST /app/renewal` behaves: as it should, late, refusing every token, or cutting the connection. */
export const RENEWAL_MODES = ['ok', 'slow', 'refused', 'offline'] as const;
export type RenewalMode = (typeof RENEWAL_MODES)[number];

export function isRenewalMode(value: unknown): value is RenewalMode {
  return RENEWAL_MODES.some((mode) => mode === value);
}

/** Where the demo page, and no app, asks what the shop is up to and sets it. */
export const DemoRoutes = {
  State: '/demo',
  ExpireTokens: '/demo/expire-tokens',
  Refresh: '/demo/refresh',
} as const;

export interface DemoState {
  /** Another one each time the shop is started. */
  readonly run: string;
  readonly refresh: RenewalMode;
}
