import { createApi, envelope } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { type DemoState, type RenewalMode, Switches } from '../protocol';

const http = createApi({ baseUrl: location.origin, interceptors: [envelope()] });

export function askDemo(): Promise<DemoState> {
  return firstValueFrom(http.get$<DemoState>(Switches.State));
}

export async function expireTokens(): Promise<void> {
  await firstValueFrom(http.post$(Switches.ExpireTokens, {}));
}

export async function setRefresh(refresh: RenewalMode): Promise<void> {
  await firstValueFrom(http.post$(Switches.Refresh, { refresh }));
}
