// The platform types of a page.
import type { AjaxTransportOptions, WebStorageStoreOptions } from 'renewal';
import type { TimelineElement } from 'renewal/devtools';

export const xhr = (createXHR: NonNullable<AjaxTransportOptions['createXHR']>): XMLHttpRequest => createXHR();
export const storage = (open: NonNullable<WebStorageStoreOptions['storage']>): Storage => open();
export const element = (timeline: TimelineElement): HTMLElement => timeline;
export const made: TimelineElement = document.createElement('renewal-timeline');
