import '@angular/compiler';
import { provideHttpClient, withFetch } from '@angular/common/http';
import { httpClientTransport } from 'renewal/angular';
import { transportLaws } from 'renewal/testing';
import { describe, it } from 'vitest';
import { provide } from './support/testbed';

transportLaws(
  'httpClientTransport over fetch',
  () => provide(provideHttpClient(withFetch())).runInInjectionContext(() => httpClientTransport()),
  { describe, it },
);
