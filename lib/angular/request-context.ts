import { HttpContextToken } from 'renewal';
import type { Run } from './zone';

/** The way back into the zone that a request was made in. */
export const CALLER_ZONE = new HttpContextToken<Run | undefined>(() => undefined);

/** Whether a request carries a token where no one but its session knows. */
export const CARRIES_TOKEN = new HttpContextToken<boolean>(() => false);
