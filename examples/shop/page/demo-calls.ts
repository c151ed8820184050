import { createApi, envelope } from 'renewal';
import { firstValueFrom } from 'rxjs';
import { DemoRoutes, type DemoState, type RenewalMode } from '../protocol';

const http = createApi({ baseUrl: location.origin, interceptors: [envelope()] });

export function demoState(): Promise<DemoState> {
  return firstValueFrom(http.get$<DemoState>(DemoRoutes.State));
}

export async function expireTokens(): Promise<void> {
  await firstValueFrom(http.post$(DemoRoutes.ExpireTokens, {}));
}

export async function setRefresh(refresh: RenewalMode): Promise<void> {
  await firstValueFrom(http.post$(DemoRoutes.Refresh, { refresh }));
}
