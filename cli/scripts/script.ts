/** One of the scripts that a service is cut into. */
export interface Script {
  readonly name: string;
  /** Whether it holds the API; one script of a service does. */
  readonly api: boolean;
  /** Whether it holds the objects that are no parts of the model: conductor, ledgers, directory; one script does. */
  readonly core: boolean;
  readonly stages: readonly number[];
  /** Helpers of split layers that do not live with their stage. */
  readonly helpers: readonly HelperPlace[];
  readonly vocabularyShards: readonly number[];
}

/** Part `part` ≥ 1 of the layers of a stage. */
export interface HelperPlace {
  readonly stage: number;
  readonly part: number;
}

export const holdsParts = ({ stages, helpers, vocabularyShards }: Script) =>
  stages.length + helpers.length + vocabularyShards.length > 0;
