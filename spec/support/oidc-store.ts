import type { Adapter, AdapterPayload } from 'oidc-provider';

/** What an `oidc-provider` keeps, in memory. Providers with one store know each other's tokens. */
export const createOidcStore = (): ((model: string) => Adapter) => {
  const entries = new Map<string, AdapterPayload>();

  const findBy = async (model: string, name: 'uid' | 'userCode', value: string) =>
    [...entries].find(([key, payload]) => key.startsWith(`${model}:`) && payload[name] === value)?.[1];

  return (model) => ({
    upsert: async (id, payload) => {
      entries.set(`${model}:${id}`, payload);
    },
    find: async (id) => entries.get(`${model}:${id}`),
    findByUid: (uid) => findBy(model, 'uid', uid),
    findByUserCode: (userCode) => findBy(model, 'userCode', userCode),
    destroy: async (id) => {
      entries.delete(`${model}:${id}`);
    },
    consume: async (id) => {
      const payload = entries.get(`${model}:${id}`);
      if (payload) entries.set(`${model}:${id}`, { ...payload, consumed: Math.floor(Date.now() / 1000) });
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, payload] of entries) if (payload.grantId === grantId) entries.delete(key);
    },
  });
};
