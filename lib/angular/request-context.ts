import { HttpContextToken } from 'renewal';
import type { Run } from './zone';

/** The way back into the zone that a request was made in. */
export const CALLER_ZONE = new HttpContextToken<Run | undefined>(() => undefined);

/** Whether the answer is for the session only, and not for the page that is rendered. */
export const IS_PRIVATE = new HttpContextToken<boolean | undefined>(() => false);
