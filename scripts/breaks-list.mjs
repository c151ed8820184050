// Each break is a set of edits: a text that occurs once in a file, and its replacement.

const api = 'lib/api.ts';
const state = 'lib/session/state/session-state.ts';
const session = 'lib/session/session.ts';
const admission = 'lib/session/pending/admission.ts';
const request = 'lib/session/pending/authorized-request.ts';
const refresher = 'lib/session/refresh/refresher.ts';
const run = 'lib/session/refresh/refresh-run.ts';
const bearer = 'lib/session/bearer.ts';
const queue = 'lib/session/store/write-queue.ts';
const memory = 'lib/session/store/store-memory.ts';
const precedence = 'lib/session/store/precedence.ts';

export const breaks = [
  {
    name: 'drop the generation guard: actions about old tokens count for the new ones',
    edits: [
      { file: state, from: "if ('generation' in action && action.generation !== generation) return state;", to: '' },
      {
        file: 'lib/session/state/model.ts',
        from: "if ('generation' in action && action.generation !== state.generation) return model;",
        to: '',
      },
    ],
  },
  {
    name: 'let the first subscriber own the refresh: its unsubscribe ends it',
    edits: [
      {
        file: admission,
        from: 'this.add(waiter);',
        to: "if (state.status !== 'refreshing') this.#owner = waiter;\n    this.add(waiter);",
      },
      {
        file: admission,
        from: '  readonly #refresher: Refresher;\n',
        to: [
          '  readonly #refresher: Refresher;',
          '  #owner: Waiter | undefined;',
          '  override remove(waiter: Waiter): void {',
          '    super.remove(waiter);',
          '    if (waiter === this.#owner) this.#refresher.cancel();',
          '  }\n',
        ].join('\n'),
      },
    ],
  },
  {
    name: 'release the waiting requests before the new tokens are saved',
    edits: [
      { file: run, from: 'return isOursNewer ? this.#write$(tokens) : this', to: 'return isOursNewer ? EMPTY : this' },
      { file: run, from: "if (outcome.type === 'refreshed') this.#write$(outcome.tokens);", to: '' },
      {
        file: refresher,
        from: 'if (signedIn && outcome.type ===',
        to: "if (outcome.type === 'refreshed') this.#storage.write(outcome.tokens);\n    if (signedIn && outcome.type ===",
      },
    ],
  },
  {
    name: 'match token strings instead of generations: an identical token does not count as new',
    edits: [
      { file: state, from: 'readonly after?: number;', to: 'readonly after?: number;\n  readonly dead?: string;' },
      {
        file: state,
        from: 'if (state.generation === binding?.after)',
        to: 'if (state.tokens.accessToken === binding?.dead)',
      },
      { file: admission, from: 'after: generation,', to: 'after: generation,\n  dead: tokens.accessToken,' },
    ],
  },
  {
    name: 'forget the cool-down: each request after a failure refreshes again',
    edits: [{ file: refresher, from: 'return leftMs > 0 &&', to: 'return leftMs > Infinity &&' }],
  },
  {
    name: 'check only if a refresh is running, and not which token was rejected',
    edits: [
      {
        file: session,
        from: 'reject({ generation }: SignedIn): void {',
        to: 'reject(_: SignedIn): void {\n    const { generation } = this.state;',
      },
      { file: state, from: "  if (state.generation === binding?.after) return 'wait';\n", to: '' },
    ],
  },
  {
    name: 'send a waiting request after its unsubscribe',
    edits: [
      { file: request, from: 'this.caller.add(() => this.session.remove(this));', to: '' },
      { file: request, from: 'return this.caller.closed;', to: 'return false;' },
      { file: api, from: 'if (caller.closed) return;', to: '' },
      { file: api, from: 'if (!caller.closed) sendWithDeadline', to: 'sendWithDeadline' },
    ],
  },
  {
    name: 'let a refresh continue and count after a sign-out',
    edits: [
      { file: run, from: 'this.hasEnded = true;\n    this.#work.unsubscribe();', to: 'void this.#work;' },
      {
        file: refresher,
        from: 'if (signedIn || outcome.type',
        to: "if ('tokens' in outcome) machine.dispatch({ type: 'adopt', tokens: outcome.tokens }, notify);\n    else if (signedIn || outcome.type",
      },
    ],
  },
  {
    name: 'replay a request for each expired response, without a limit',
    edits: [
      {
        file: request,
        from: 'if (this.#isReplay || rejectedRoutes.has(wire, generation)) {',
        to: 'if (rejectedRoutes === undefined) {',
      },
    ],
  },
  {
    name: 'end the session whenever the refresh fails',
    edits: [{ file: run, from: 'if (isRefused) return this.#refuse$(error);', to: 'return this.#refuse$(error);' }],
  },
  {
    name: 'let writes to the store overlap',
    edits: [{ file: queue, from: 'if (writes.length === 0) start();', to: 'start();' }],
  },
  {
    name: 'send the requests of one user for the next',
    edits: [{ file: state, from: ' && state.tokens.sessionId === binding.sessionId)', to: ')' }],
  },
  {
    name: 'treat the stored tokens as the newest, whatever the order of sign-ins',
    edits: [{ file: precedence, from: 'return found.sessionId > mine.sessionId ? 1 : -1;', to: 'return 1;' }],
  },
  {
    name: 'never restore tokens that another session has overwritten',
    edits: [{ file: memory, from: "const isRewrite = verdict === 'write' &&", to: 'const isRewrite = !verdict &&' }],
  },
  {
    name: 'send a request without reading the store',
    edits: [{ file: bearer, from: 'core.checkStore()', to: 'undefined as ReturnType<typeof core.checkStore>' }],
  },
  {
    name: 'send a request with a token that is known to be expired',
    edits: [{ file: state, from: " || (state.status === 'refreshing' && state.rejected)", to: '' }],
  },
];
