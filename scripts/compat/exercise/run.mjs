import { checks, withoutXhr } from './checks.mjs';

const outcome = async (title, work) => {
  const error = await work().then(
    () => undefined,
    (reason) => `${reason?.stack ?? reason}`,
  );
  return { title, error };
};

/** Both transports, created for each check. */
export const transportsOf = ({ ajaxTransport, fetchTransport }) => ({
  ajaxTransport: () => ajaxTransport(),
  fetchTransport: () => fetchTransport(),
});

/** Runs every check on the named transports, one after the other. Resolves with the outcome of each. */
export async function runChecks({ renewal, rxjs, origin }, names = ['ajaxTransport', 'fetchTransport']) {
  const results = [];
  for (const name of names) {
    const context = { renewal, rxjs, origin, transport: transportsOf(renewal)[name] };
    for (const [title, check] of Object.entries(checks)) {
      results.push(await outcome(`${name}: ${title}`, () => check(context)));
    }
  }
  return results;
}

/** The same without XMLHttpRequest: by fetch, with a check of the error of `ajaxTransport`. */
export async function runChecksWithoutXhr(context) {
  return [
    ...(await runChecks(context, ['fetchTransport'])),
    await outcome('ajaxTransport says what is missing, and what helps', () => withoutXhr(context)),
  ];
}
