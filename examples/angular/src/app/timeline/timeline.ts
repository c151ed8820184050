import { Component, DestroyRef, inject, signal } from '@angular/core';
import { injectApi } from 'renewal/angular';

const MOST = 200;

/** What happens to requests and to the session, newest last. */
@Component({
  selector: 'app-timeline',
  template: `
    <h2>What happens</h2>
    <ol id="timeline">
      @for (line of lines(); track $index) {
        <li>{{ line }}</li>
      }
    </ol>
  `,
})
export class Timeline {
  protected readonly lines = signal<readonly string[]>([]);

  constructor() {
    const events = injectApi().events$.subscribe((event) => {
      const what = event.type === 'warning' ? event.message : event.phase;
      const where = event.type === 'request' ? ` ${event.method} ${event.url}` : '';
      this.lines.update((lines) => [...lines, `${event.type} ${what}${where}`].slice(-MOST));
    });
    inject(DestroyRef).onDestroy(() => events.unsubscribe());
  }
}
