/** What requests say of themselves: the entries of their `metadata`, and under USER their `user`. */
export type Labels = Readonly<Record<string, string>>;

/** No entry of `metadata` has this name. */
export const USER = "";
