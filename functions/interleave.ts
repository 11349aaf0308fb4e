/**
 * The values of several sources as they come, of at most `parallel` at a time: when one ends, `begin` gives the next, or
 * undefined when there is none. Throws what a source throws and hears no other source any more.
 */
export async function* interleave<Value>(
  begin: () => AsyncGenerator<Value> | undefined,
  parallel: number,
): AsyncGenerator<Value> {
  const steps = new Map<AsyncGenerator<Value>, Promise<Step<Value>>>();
  const advance = (source: AsyncGenerator<Value>) =>
    steps.set(
      source,
      source.next().then((result) => ({ source, result })),
    );
  const fill = () => {
    while (steps.size < parallel) {
      const source = begin();
      if (source === undefined) return;
      advance(source);
    }
  };
  try {
    fill();
    while (steps.size > 0) {
      const { source, result } = await Promise.race(steps.values());
      // Behind the others: a source that is always ready must not keep them back.
      steps.delete(source);
      if (result.done) fill();
      else {
        yield result.value;
        advance(source);
      }
    }
  } finally {
    for (const step of steps.values()) step.catch(() => {});
  }
}

interface Step<Value> {
  readonly source: AsyncGenerator<Value>;
  readonly result: IteratorResult<Value>;
}
