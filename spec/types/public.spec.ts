import * as renewal from 'renewal';
import * as devtools from 'renewal/devtools';
import * as node from 'renewal/node';
import * as redis from 'renewal/redis';
import * as stream from 'renewal/stream';
import * as testing from 'renewal/testing';
import { describe, expect, it } from 'vitest';

describe('the public surface', () => {
  it('is these names and no others', () => {
    expect(Object.keys(renewal).sort()).toEqual([
      'ApiError',
      'BodyNotReplayableError',
      'BusinessError',
      'HttpContext',
      'HttpContextToken',
      'HttpStatusError',
      'InvalidRequestError',
      'NetworkError',
      'RefreshError',
      'RequestTimeoutError',
      'ResponseParseError',
      'SchemaError',
      'SessionExpiredError',
      'SignedOutError',
      'TokenRejectedError',
      'ajaxTransport',
      'anyOf',
      'bearer',
      'bodyCode',
      'businessCode',
      'clientCredentials',
      'createApi',
      'createSession',
      'envelope',
      'fetchTransport',
      'isApiError',
      'isRefusal',
      'logRequests',
      'memoryStore',
      'oauthGrant',
      'oauthRefresh',
      'retryRequests',
      'statusCode',
      'toFetch',
      'webStorageStore',
      'xsrf',
    ]);
  });

  it('is, of renewal/devtools, these', () => {
    expect(Object.keys(devtools).sort()).toEqual(['defineTimelineElement', 'recordTimeline']);
  });

  it('is, of renewal/stream, these', () => {
    expect(Object.keys(stream).sort()).toEqual(['ndjson$', 'sse$']);
  });

  it('is, of renewal/redis, these', () => {
    expect(Object.keys(redis).sort()).toEqual(['createSessions', 'redisStore']);
  });

  it('is, of renewal/testing, these', () => {
    expect(Object.keys(testing).sort()).toEqual(['fakeBackend', 'mockTransport', 'storeLaws', 'transportLaws']);
  });

  it('is, of renewal/node, this', () => {
    expect(Object.keys(node)).toEqual(['fileStore']);
  });

  it('does nothing with an element where there is no page', () => {
    expect(devtools.defineTimelineElement()).toBeUndefined();
  });
});
