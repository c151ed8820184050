import { RenderMode, type ServerRoute } from '@angular/ssr';

export const serverRoutes: ServerRoute[] = [
  // The tokens are in the storage of the browser, so the server does not know the user.
  { path: 'orders', renderMode: RenderMode.Client },
  { path: 'packing', renderMode: RenderMode.Client },
  { path: '**', renderMode: RenderMode.Server },
];
