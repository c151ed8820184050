import type { Statement } from '../context';
import { answers } from './answers';
import { bodies } from './bodies';
import { errors } from './errors';
import { progress } from './progress';
import { redirects } from './redirects';
import { renewals } from './renewals';
import { signals } from './signals';
import { streamed } from './streams';
import { tokenScope } from './token-scope';
import { urls } from './urls';

/** The contract of a transport: what each part of it is about, and its statements. */
export const contract: readonly (readonly [string, readonly Statement[]])[] = [
  ['a body', bodies],
  ['an answer', answers],
  ['urls', urls],
  ['errors', errors],
  ['a signal', signals],
  ['a streamed response', streamed],
  ['progress', progress],
  ['redirects', redirects],
  ['renewals', renewals],
  ['the token', tokenScope],
];
