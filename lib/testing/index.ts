export type { LawRunner } from './assert';
export { type FakeBackend, type FakeBackendOptions, fakeBackend } from './fake-backend';
export type { LogEntry, RefreshFault } from './fake-server';
export { type MockRequest, type MockTransport, mockTransport, type RequestMatch } from './mock-transport';
export type { Reply } from './reply';
export type { FakeRequest } from './route';
export { type MakeStore, storeLaws } from './store-laws';
export type { RefreshRefusal } from './token-issuer';
export { transportLaws } from './transport-laws';
