import { fakeBackend } from 'renewal/testing';
import { firstValueFrom } from 'rxjs';
import { expect, it, vi } from 'vitest';
import { createShop } from './shop';

it('keeps the user signed in while the server is down', async () => {
  const backend = fakeBackend({ routes: { '/orders': () => ({ id: 7 }) } });
  const { session, page$ } = createShop({ transport: backend.transport });
  await session.signIn(backend.issue());
  backend.expireTokens();
  backend.failNextRefresh('unavailable');
  await expect(firstValueFrom(page$)).rejects.toMatchObject({ code: 'refresh' });
  expect(session.state.status).toBe('expired');
});

it('ends the session of a user whose sign-in has been revoked', async () => {
  const backend = fakeBackend({ routes: { '/orders': () => ({ id: 7 }) } });
  const onSessionExpired = vi.fn();
  const { session, page$ } = createShop({ transport: backend.transport, onSessionExpired });
  await session.signIn(backend.issue('ada'));
  backend.revoke('ada');
  await expect(firstValueFrom(page$)).rejects.toMatchObject({ code: 'session-expired' });
  expect(onSessionExpired).toHaveBeenCalledOnce();
});
