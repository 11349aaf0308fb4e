/** A full page that prefixes hold, and maybe sessions: these have room reserved for it, so it counts as cached without them. */
export interface SharedPage {
  sessions: number;
  prefixes: number;
}

/** Full pages of ids. */
export interface KeptPages {
  /** Of layers that see all tokens, from the first on. */
  readonly all: readonly SharedPage[];
  /** Of layers with a window, by their numbers. */
  readonly window: ReadonlyMap<number, SharedPage>;
}

/** The full pages of a session that prefixes hold too. */
export class SessionPages implements KeptPages {
  readonly all: SharedPage[];
  readonly window: Map<number, SharedPage>;
  #firstWindowPage: number;

  /** Those of the first `full` pages that a prefix holds, which has those of windows from `firstWindowPage` on. */
  constructor({ all, window }: KeptPages = { all: [], window: new Map() }, full = 0, firstWindowPage = 0) {
    this.all = all.slice(0, full);
    this.window = new Map([...window].filter(([page]) => page < full));
    this.#firstWindowPage = firstWindowPage;
  }

  /** Number of the first page that the session still has of layers with a window. */
  get firstWindowPage(): number {
    return this.#firstWindowPage;
  }

  /** The session is to have none of them before `first` any more; those it shared. */
  slide(first: number): ReadonlyMap<number, SharedPage> {
    const left = new Map<number, SharedPage>();
    for (; this.#firstWindowPage < first; this.#firstWindowPage++) {
      const page = this.window.get(this.#firstWindowPage);
      if (page === undefined) continue;
      left.set(this.#firstWindowPage, page);
      this.window.delete(this.#firstWindowPage);
    }
    return left;
  }

  /** A prefix takes hold of the session's first `full` pages, and of `windowPages` where layers have a window. */
  keep(full: number, windowPages: readonly number[]): KeptPages {
    const fresh = () => ({ sessions: 1, prefixes: 0 });
    while (this.all.length < full) this.all.push(fresh());
    for (const page of windowPages) if (!this.window.has(page)) this.window.set(page, fresh());
    const all = this.all.slice(0, full);
    const window = new Map(windowPages.map((page) => [page, this.window.get(page)!]));
    for (const page of [...all, ...window.values()]) page.prefixes++;
    return { all, window };
  }
}
