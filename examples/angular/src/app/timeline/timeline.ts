import { afterNextRender, Component, CUSTOM_ELEMENTS_SCHEMA, type ElementRef, viewChild } from '@angular/core';
import type { Api } from 'renewal';
import { injectApi } from 'renewal/angular';
import { defineTimelineElement } from 'renewal/devtools';

/** What happens to requests and to the session, drawn by the element of `renewal/devtools`; empty in the HTML of a server. */
@Component({
  selector: 'app-timeline',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <h2>What happens</h2>
    <renewal-timeline #timeline></renewal-timeline>
  `,
})
export class Timeline {
  private readonly element = viewChild.required<ElementRef<HTMLElement & { api?: Pick<Api, 'events$'> }>>('timeline');

  constructor() {
    const api = injectApi();
    afterNextRender(() => {
      defineTimelineElement();
      this.element().nativeElement.api = api;
    });
  }
}
