// The public declarations. `npm run api` writes this file: do not edit it.
import type { Api, RefreshEvent, RequestEvent, SessionEvent, StreamEvent } from 'renewal';
import type { Observable } from 'rxjs';

export interface Marble {
  readonly kind: MarbleKind;
  readonly atMs: number;
  readonly generation?: number;
  readonly refreshId?: number;
  readonly status?: number;
  readonly error?: NonNullable<RequestEvent['error']>;
}

export type MarbleKind = 'sent' | 'expired' | 'waiting' | 'sent-again' | 'answer' | 'error' | 'cancelled';

type PageElement = typeof globalThis extends {
  HTMLElement: {
    prototype: infer Declared;
  };
}
  ? Declared
  : object;

export interface RecordTimelineOptions {
  readonly maxLanes?: number | undefined;
}

export interface RefreshBand {
  readonly id: number;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly phase: RefreshEvent['phase'];
  readonly waiting: number;
  readonly kind?: NonNullable<RefreshEvent['kind']>;
  readonly status?: number;
  readonly final?: boolean;
}

export interface RequestLane {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly marbles: readonly Marble[];
}

export interface SessionChange {
  readonly phase: SessionEvent['phase'];
  readonly atMs: number;
  readonly generation: number;
}

export interface StreamLane {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly connections: number;
  readonly events: number;
  readonly marbles: readonly StreamMarble[];
}

export interface StreamMarble {
  readonly kind: StreamMarbleKind;
  readonly atMs: number;
  readonly connection: number;
  readonly events: number;
  readonly delayMs?: number;
  readonly error?: NonNullable<StreamEvent['error']>;
}

export type StreamMarbleKind = 'opened' | 'reconnecting' | 'ended' | 'error';

export interface Timeline {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly requests: readonly RequestLane[];
  readonly streams: readonly StreamLane[];
  readonly refreshes: readonly RefreshBand[];
  readonly sessionChanges: readonly SessionChange[];
  readonly warnings: readonly TimelineWarning[];
  readonly dropped: number;
}

export interface TimelineElement extends PageElement {
  api: Pick<Api, 'events$'> | undefined;
  timeline: Timeline | undefined;
}

export interface TimelineRecorder {
  readonly timeline: Timeline;
  readonly changes$: Observable<void>;
  stop(): void;
}

export interface TimelineWarning {
  readonly message: string;
  readonly atMs: number;
}

export declare const defineTimelineElement: (name?: string) => void;

declare global {
  interface HTMLElementTagNameMap {
    'renewal-timeline': TimelineElement;
  }
}

export declare const recordTimeline: (api: Pick<Api, 'events$'>, options?: RecordTimelineOptions) => TimelineRecorder;

export {};
