import { checks } from './checks.mjs';

/** Runs every check on every transport, one after the other. Resolves to what each has ended with. */
export async function runChecks({ renewal, rxjs, origin, transports }) {
  const results = [];
  for (const [name, transport] of Object.entries(transports(renewal))) {
    for (const [title, check] of Object.entries(checks)) {
      const error = await check({ renewal, rxjs, origin, transport }).then(
        () => undefined,
        (reason) => `${reason?.stack ?? reason}`,
      );
      results.push({ title: `${name}: ${title}`, error });
    }
  }
  return results;
}

/** Both transports, each made anew for each check. */
export const both = ({ ajaxTransport, fetchTransport }) => ({
  ajaxTransport: () => ajaxTransport(),
  fetchTransport: () => fetchTransport(),
});

/** The transport of a runtime that has no XMLHttpRequest. */
export const onlyFetch = ({ fetchTransport }) => ({ fetchTransport: () => fetchTransport() });
