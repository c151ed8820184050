export { defineTimelineElement, type TimelineElement } from './element';
export { type RecordTimelineOptions, recordTimeline, type TimelineRecorder } from './record-timeline';
export type {
  Marble,
  MarbleKind,
  RefreshBand,
  RequestLane,
  SessionChange,
  StreamLane,
  StreamMarble,
  StreamMarbleKind,
  Timeline,
  TimelineWarning,
} from './timeline';
