/** The number of rounds of a race: `few`, or with `ROUNDS=all` enough to trust the result. */
export const roundsOf = (few: number, all: number): number => (process.env.ROUNDS === 'all' ? all : few);

/** The timeout of a test with that many rounds. */
export const timeoutOf = (rounds: number): number => 60_000 + rounds * 5_000;
