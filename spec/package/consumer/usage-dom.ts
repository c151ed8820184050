// What a page gets of the platform's own types.
import type { AjaxTransportOptions, WebStorageStoreOptions } from 'renewal';
import type { TimelineElement } from 'renewal/devtools';

export const xhr = ({ createXHR }: Required<AjaxTransportOptions>): XMLHttpRequest => createXHR();
export const storage = (options: Required<WebStorageStoreOptions>): Storage => options.storage();
export const element = (timeline: TimelineElement): HTMLElement => timeline;
export const made: TimelineElement = document.createElement('renewal-timeline');
