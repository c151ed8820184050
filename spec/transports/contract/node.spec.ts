import dns from 'node:dns';
import { ajaxTransport, fetchTransport } from 'renewal';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import type { Capabilities, Context } from './context';
import { type ContractServer, startContractServer } from './server';
import { contract } from './statements';

const can: Omit<Capabilities, 'uploadProgress' | 'userInfo' | 'fetchOptions' | 'streamedResponse'> = {
  takesBack: true,
  followsTab: true,
  joinsGets: false,
  page: false,
  setCookie: true,
  totalAcrossOrigins: true,
  stream: 'sent',
  cause: true,
};

const platforms: readonly (readonly [string, Omit<Context, 'origins'>])[] = [
  [
    'ajaxTransport',
    {
      transport: ajaxTransport(),
      can: {
        ...can,
        uploadProgress: true,
        userInfo: { sent: true, followed: true },
        fetchOptions: false,
        streamedResponse: false,
      },
    },
  ],
  [
    'fetchTransport',
    {
      transport: fetchTransport(),
      can: {
        ...can,
        uploadProgress: false,
        userInfo: { sent: false, followed: false },
        fetchOptions: true,
        streamedResponse: true,
      },
    },
  ],
];

let server: ContractServer;

beforeAll(async () => {
  const { lookup } = dns;
  // The names of the contract, which no resolver knows.
  const onThisMachine = (name: string, ...others: unknown[]) =>
    Reflect.apply(lookup, dns, [/(^|\.)test\.?$/.test(name) ? '127.0.0.1' : name, ...others]);
  vi.spyOn(dns, 'lookup').mockImplementation(onThisMachine as typeof lookup); // it passes on whatever it is given
  server = await startContractServer();
});

afterAll(async () => {
  await server.close();
  vi.restoreAllMocks();
});

describe.each(platforms)('%s in Node', (_, platform) => {
  describe.each(contract)('%s', (_, statements) => {
    for (const { title, run } of statements) it(title, () => run({ ...platform, origins: server.origins }));
  });
});
