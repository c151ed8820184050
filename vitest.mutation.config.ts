import { readdirSync, readFileSync } from 'node:fs';
import base from './vitest.config';

/** The specs beside each part of `lib`. */
const NEAR = {
  session: /^session\//,
  stores: /^stores\//,
  http: /^(http|interceptors)\/|^(api|options)\./,
  interceptors: /^interceptors\//,
  transports: /^transports\//,
};

/** Specs that see no part of these, or that read sources, into which the mutants are written. */
const FAR_AWAY = /^(package|browser|examples|docs|types|angular|scripts|explorer|scenarios\/angular)\/|\/l1-/;

/** What takes real time: a server or a process. What counts to thousands, or lives through years. */
const SLOW = /\b(startServer|startHttpServer|spawn|run)\(/;
const LONG = /\/(a10|h3|h4|h11|n4)-/;

const isFar = (path: string): boolean =>
  !FAR_AWAY.test(path) && !LONG.test(path) && !SLOW.test(readFileSync(`spec/${path}`, 'utf8'));

const { MUTATION_PART: part, MUTATION_SPECS: specs } = process.env;
const near = NEAR[part as keyof typeof NEAR];
const paths = readdirSync('spec', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.spec.ts'));

/** What mutants are tested with: the specs of the part, or for those that these do not notice all in virtual time. */
export default {
  ...base,
  test: {
    ...base.test,
    include: paths.filter((path) => (specs === 'far' ? isFar(path) : near.test(path))).map((path) => `spec/${path}`),
    sequence: { shuffle: false },
  },
};
