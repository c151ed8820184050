import '@angular/compiler';
import { HttpContext, HttpContextToken, type HttpEvent, HttpEventType, HttpResponse } from '@angular/common/http';
import { expect, it } from 'vitest';
import { createBackend, expire, renew } from '../../angular/support/backend';
import { failureMode } from '../../support/failure-mode';

const NOTE = new HttpContextToken(() => '');

failureMode(
  {
    id: 'M6',
    title: '`HttpEvent`s show the retry: two `Sent`, or a response with the expired signal',
    renewal:
      'One `Sent`, and one `Response`, the last; progress restarts with the second attempt. Events are Angular’s own objects.',
  },
  (signal) => {
    it('emits one Sent and one Response for a replayed request', () => {
      const harness = createBackend();
      const { http, backend } = harness;
      const events: HttpEvent<unknown>[] = [];
      let isComplete = false;
      const context = new HttpContext().set(NOTE, 'kept');
      http
        .post('/orders', { item: 'engine' }, { observe: 'events', reportProgress: true, context })
        .subscribe({ next: (event) => events.push(event), complete: () => (isComplete = true) });
      const first = backend.expectOne('/orders');
      const progress = { type: HttpEventType.UploadProgress, loaded: 5, total: 10 } as const;
      first.event(progress);
      expire(first, signal);
      renew(harness);
      const second = backend.expectOne('/orders');
      expect(second.request.context).toBe(context);
      expect(second.request.reportProgress).toBe(true);
      second.event(progress);
      const answer = new HttpResponse({ body: ['order'], status: 200, url: '/orders' });
      second.event(answer);
      expect(events.map(({ type }) => type)).toEqual([
        HttpEventType.Sent,
        HttpEventType.UploadProgress,
        HttpEventType.UploadProgress,
        HttpEventType.Response,
      ]);
      expect(events[1]).toBe(progress);
      expect(events.at(-1)).toBe(answer);
      expect(isComplete).toBe(true);
    });

    it('emits Sent when a waiting request leaves, and not before', () => {
      const harness = createBackend();
      const { http, backend } = harness;
      http.get('/leader').subscribe();
      expire(backend.expectOne('/leader'), signal);
      const types: HttpEventType[] = [];
      http.get('/waiter', { observe: 'events' }).subscribe(({ type }) => types.push(type));
      expect(types).toEqual([]);
      renew(harness);
      backend.expectOne('/waiter').flush('');
      expect(types).toEqual([HttpEventType.Sent, HttpEventType.Response]);
    });

    it.each(['json', 'text', 'blob', 'arraybuffer'] as const)(
      'never emits the expired response to a request for %s',
      async (responseType) => {
        const harness = createBackend();
        const { http, backend } = harness;
        const events: HttpEvent<unknown>[] = [];
        http.request('GET', '/file', { observe: 'events', responseType }).subscribe((event) => events.push(event));
        const text = JSON.stringify({ code: 1002 });
        const bodies = {
          json: { code: 1002 },
          text,
          blob: new Blob([text], { type: 'application/json' }),
          arraybuffer: new TextEncoder().encode(text).buffer,
        };
        const refreshed = new Promise<void>((resolve) => {
          harness.session.state$.subscribe(({ status }) => status === 'refreshing' && resolve());
        });
        const [status, statusText] = signal === 'HTTP 401' ? [401, 'Unauthorized'] : [200, 'OK'];
        const headers = { 'content-type': 'application/json' };
        backend.expectOne('/file').flush(bodies[responseType], { status, statusText, headers });
        await refreshed;
        expect(events.map(({ type }) => type)).toEqual([HttpEventType.Sent]);
        renew(harness);
        backend.expectOne('/file').flush(responseType === 'json' ? [] : null);
        expect(events.map(({ type }) => type)).toEqual([HttpEventType.Sent, HttpEventType.Response]);
      },
    );
  },
);
