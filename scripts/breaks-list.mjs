// Each break is a set of edits: a text that occurs once in a file, and its replacement.

const api = 'lib/api.ts';
const state = 'lib/session/state.ts';
const session = 'lib/session/session.ts';
const admission = 'lib/session/admission.ts';
const renewal = 'lib/session/renewal.ts';
const refresh = 'lib/session/refresh.ts';
const bearer = 'lib/session/bearer.ts';
const store = 'lib/session/store.ts';
const port = 'lib/session/store-port.ts';
const precedence = 'lib/session/precedence.ts';

export const breaks = [
  {
    name: 'drop the generation guard: actions about old tokens count for the new ones',
    edits: [
      { file: state, from: "if ('generation' in action && action.generation !== generation) return state;", to: '' },
    ],
  },
  {
    name: 'let the first subscriber own the refresh: its unsubscribe ends it',
    edits: [
      { file: admission, from: 'wait$(isNew?: boolean)', to: 'owner(): Waiter | undefined;\n  wait$(isNew?: boolean)' },
      { file: admission, from: '): Admission => {', to: '): Admission => {\n  let owner: Waiter | undefined;' },
      {
        file: admission,
        from: 'if (isHeld(state)) renewal.start();\n    else load();',
        to: "if (state.status !== 'refreshing') owner = waiter;\n    if (isHeld(state)) renewal.start();\n    else load();",
      },
      { file: admission, from: 'return { admit, wait$ };', to: 'return { admit, wait$, owner: () => owner };' },
      {
        file: session,
        from: 'dismiss: room.exit,',
        to: 'dismiss: (waiter) => {\n      room.exit(waiter);\n      if (waiter === admission.owner()) renewal.reset();\n    },',
      },
    ],
  },
  {
    name: 'release the waiting requests before the new tokens are saved',
    edits: [
      {
        file: refresh,
        from: '? adopt$(news) : write$(tokens);',
        to: '? adopt$(news) : EMPTY;',
      },
      {
        file: renewal,
        from: 'machine.dispatch({ ...outcome, generation }, tell, error);',
        to: "machine.dispatch({ ...outcome, generation }, tell, error);\n      if (outcome.type === 'refreshed') port.write(outcome.tokens);",
      },
    ],
  },
  {
    name: 'match token strings instead of generations: an identical token does not count as new',
    edits: [
      {
        file: admission,
        from: 'state.generation === old?.generation',
        to: 'state.tokens.accessToken === old?.tokens.accessToken',
      },
    ],
  },
  {
    name: 'forget the cool-down: each request after a failure refreshes again',
    edits: [{ file: renewal, from: 'return leftMs > 0 &&', to: 'return leftMs > Infinity &&' }],
  },
  {
    name: 'check only if a refresh is running, and not which token was rejected',
    edits: [
      {
        file: session,
        from: "reject: ({ generation }) => machine.dispatch({ type: 'rejected', generation }),",
        to: "reject: () => machine.dispatch({ type: 'rejected', generation: machine.state.generation }),",
      },
      {
        file: admission,
        from: 'if (!isAlive(state, atMs) || state.generation === old?.generation) return undefined;',
        to: 'if (!isAlive(state, atMs)) return undefined;',
      },
    ],
  },
  {
    name: 'send a waiting request after its unsubscribe',
    edits: [
      { file: bearer, from: 'this.caller.add(() => this.core.dismiss(this));', to: '' },
      { file: bearer, from: 'return this.caller.closed;', to: 'return false;' },
      { file: api, from: 'if (caller.closed) return;', to: '' },
      { file: api, from: 'if (!caller.closed) sendWithDeadline(wire)', to: 'sendWithDeadline(wire)' },
    ],
  },
  {
    name: 'let a refresh continue and count after a sign-out',
    edits: [
      { file: renewal, from: '= abandoned;\n      work.unsubscribe();', to: '= abandoned;\n      void work;' },
      { file: renewal, from: '(outcome) => running === own && conclude(', to: '(outcome) => conclude(' },
      {
        file: renewal,
        from: 'machine.dispatch({ ...outcome, generation }, tell, error);',
        to: "machine.dispatch('tokens' in outcome ? { type: 'adopt', tokens: outcome.tokens } : { ...outcome, generation }, tell, error);",
      },
    ],
  },
  {
    name: 'replay a request for each expired response, without a limit',
    edits: [
      {
        file: bearer,
        from: 'if (this.#isAgain || core.rejections.has(request, generation)) {',
        to: 'if (core.events$ === undefined) {',
      },
    ],
  },
  {
    name: 'end the session whenever the refresh fails',
    edits: [{ file: refresh, from: 'if (!isFinal) {', to: 'if (isFinal === undefined) {' }],
  },
  {
    name: 'let writes to the store overlap',
    edits: [{ file: store, from: 'if (writes.push(run) < 2) run();', to: 'writes.push(run);\n      run();' }],
  },
  {
    name: 'send the requests of one user for the next',
    edits: [
      {
        file: admission,
        from: 'if (isHeld(state) && state.tokens.sessionId === held.tokens.sessionId) return state;',
        to: 'if (isHeld(state)) return state;',
      },
    ],
  },
  {
    name: 'treat the stored tokens as the newest, whatever the order of sign-ins',
    edits: [{ file: precedence, from: 'return found.sessionId > mine.sessionId ? 1 : -1;', to: 'return 1;' }],
  },
  {
    name: 'never restore tokens that another session has overwritten',
    edits: [{ file: port, from: "if (verdict === 'write' &&", to: 'if (verdict === undefined &&' }],
  },
  {
    name: 'send a request without reading the store',
    edits: [{ file: bearer, from: 'core.look()', to: 'undefined' }],
  },
  {
    name: 'send a request with a token that is known to be expired',
    edits: [
      { file: state, from: "(state.status === 'refreshing' && !state.rejected)", to: "state.status === 'refreshing'" },
    ],
  },
];
