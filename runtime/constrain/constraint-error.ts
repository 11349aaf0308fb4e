export type ConstraintPath = readonly (string | number)[];

/** A specification that cannot be used; `path` leads to the part of it that is wrong. Its message never repeats a value. */
export class ConstraintError extends Error {
  override readonly name = "ConstraintError";
  readonly path: ConstraintPath;

  constructor(path: ConstraintPath, message: string) {
    super(message);
    this.path = path;
  }
}
