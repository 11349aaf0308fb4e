const FIRST_PAUSE_MS = 20;
const PAUSE_GROWTH = 3;
const MAX_PAUSE_MS = 1_000;

/** Waits before trying something once more: 20 ms after the first failure (`attempt` 0), then longer, at most a second. */
export async function backOff(attempt: number): Promise<void> {
  const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * PAUSE_GROWTH ** attempt);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
