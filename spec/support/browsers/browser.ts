/** A browser that opens tabs and evaluates functions in them. */
export interface TestBrowser<T extends BrowserTab = BrowserTab> {
  /** Opens a profile that shares nothing with the others. */
  openProfile(): Promise<BrowserProfile<T>>;
  close(): Promise<void>;
}

/** A profile with any number of tabs. */
export interface BrowserProfile<T extends BrowserTab = BrowserTab> {
  /** Opens a tab in front of the others, which becomes hidden. */
  open(url: string): Promise<T>;
  close(): Promise<void>;
}

/** A tab as a user has it: hidden, and therefore throttled, as soon as another tab is in front. */
export interface BrowserTab {
  /**
   * Runs a function in the page; resolves with its result and rejects with its error, both through JSON. The function
   * is sent as text, so it cannot refer to the spec. Does not change the tab in front.
   */
  evaluate<R, A = undefined>(run: (given: A) => R | Promise<R>, given?: A): Promise<R>;
  /** Loads another page, or with `back` the one before. */
  go(url: string | 'back'): Promise<void>;
  /** Brings the tab to the front: all others of the profile are hidden then. */
  show(): Promise<void>;
  close(): Promise<void>;
}

/** A tab that can be stopped from outside. Only Chromium has a command for it. */
export interface StoppableTab extends BrowserTab {
  /** Freezes the page, as the browser does with a page that was hidden for long. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Kills the process of the page. */
  crash(): Promise<void>;
}

/** An expression that calls a function with a value, both as text. */
export const callOf = <R, A>(run: (given: A) => R, given?: A): string => `(${run})(${JSON.stringify(given)})`;
