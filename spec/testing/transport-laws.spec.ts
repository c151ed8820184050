import { ajaxTransport, fetchTransport } from 'renewal';
import { transportLaws } from 'renewal/testing';
import { describe, expect, it } from 'vitest';
import { BROKEN_TRANSPORTS } from './broken-transports';
import { failuresOf } from './failures-of';

transportLaws('ajaxTransport', () => ajaxTransport(), { describe, it });
transportLaws('fetchTransport', () => fetchTransport(), { describe, it });

describe('transportLaws', () => {
  it.concurrent.each(BROKEN_TRANSPORTS)(
    'is red for a transport that %s',
    async (_name, said, transport) => {
      const failures = await failuresOf((runner) => transportLaws('broken', () => transport, runner));
      expect(failures.join('\n')).toMatch(said);
    },
    20_000,
  );
});
