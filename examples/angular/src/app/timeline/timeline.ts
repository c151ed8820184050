import { isPlatformBrowser } from '@angular/common';
import { Component, CUSTOM_ELEMENTS_SCHEMA, inject, PLATFORM_ID } from '@angular/core';
import { injectApi } from 'renewal/angular';
import { defineTimelineElement } from 'renewal/devtools';

/** Draws the requests and the session since the start of the app. Empty in the HTML of a server. */
@Component({
  selector: 'app-timeline',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <section aria-labelledby="what-happens">
      <h2 id="what-happens">Timeline</h2>
      <renewal-timeline [api]="api"></renewal-timeline>
    </section>
  `,
})
export class Timeline {
  protected readonly api = injectApi();

  constructor() {
    if (isPlatformBrowser(inject(PLATFORM_ID))) defineTimelineElement();
  }
}
