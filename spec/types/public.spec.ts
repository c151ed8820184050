import * as renewal from 'renewal';
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
      'createApi',
      'createSession',
      'envelope',
      'fetchTransport',
      'isApiError',
      'log',
      'memoryStore',
      'oauthRefresh',
      'retry',
      'status',
      'webStorageStore',
      'xsrf',
    ]);
  });
});
