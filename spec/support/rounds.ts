/** How often a race is run: a few times, or with `ROUNDS=all` as often as it takes to believe the result. */
export const roundsOf = (few: number, all: number): number => (process.env.ROUNDS === 'all' ? all : few);

/** How long a test of that many rounds may take. */
export const timeoutOf = (rounds: number): number => 60_000 + rounds * 5_000;
