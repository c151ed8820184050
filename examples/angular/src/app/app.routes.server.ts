import { RenderMode, type ServerRoute } from '@angular/ssr';

export const serverRoutes: ServerRoute[] = [
  // The tokens are in the storage of the browser: the server can not know who is signed in.
  { path: 'orders', renderMode: RenderMode.Client },
  { path: '**', renderMode: RenderMode.Server },
];
