import { json, type Reply } from './server';

const html = (status: number): Reply => ({ status, type: 'text/html', body: `<h1>${status}</h1>` });

/** What a refresh may be answered that ends the session. */
export const REFUSALS: Readonly<Record<string, Reply>> = {
  '400 invalid_grant': json({ error: 'invalid_grant' }, 400),
  '400 with a JSON body': json({ message: 'no' }, 400),
  '401 with a JSON body': json({ error: 'Unauthorized' }, 401),
  '401 without a body': { status: 401 },
  '403 with a JSON body': json({}, 403),
};

/** What a refresh may be answered that may pass. */
export const FAILURES: Readonly<Record<string, Reply>> = {
  '400 HTML': html(400),
  '400 without a body': { status: 400 },
  '400 invalid_request': json({ error: 'invalid_request' }, 400),
  '400 temporarily_unavailable': json({ error: 'temporarily_unavailable' }, 400),
  '400 server_error': json({ error: 'server_error' }, 400),
  '401 HTML': html(401),
  '401 invalid_client': json({ error: 'invalid_client' }, 401),
  '403 HTML': html(403),
  '403 without a body': { status: 403 },
  '404 HTML': html(404),
  '404 JSON': json({ error: 'invalid_grant' }, 404),
  '408': json({}, 408),
  '425': json({}, 425),
  '429': json({}, 429),
  '500': json({ error: 'invalid_grant' }, 500),
  '502': html(502),
  '503': json({}, 503),
  '504': { status: 504 },
  '520': { status: 520 },
  'a reset': 'reset',
  'a reset in the middle of the body': 'reset mid-body',
  'HTML with status 200': html(200),
  'no body with status 200': { type: 'application/json' },
  'status 204': { status: 204 },
  'malformed JSON': { type: 'application/json', body: '{"accessToken":' },
  'a code of 1002 that no envelope opens': json({ code: 1002 }),
  'a grant without an access token': json({ refreshToken: 'a.refresh.2' }),
  'a grant with an empty access token': json({ accessToken: '', refreshToken: 'a.refresh.2' }),
  'a grant with an access token that is no text': json({ accessToken: 2 }),
  'a grant with a line break in its access token': json({ accessToken: 'a.access.2\nX-Injected: 1' }),
  null: json(null),
};
