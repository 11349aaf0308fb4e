const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `stop`, which has to end this process, when something asks the process to end; signals that follow are ignored. One
 * wish may bring two: the launcher forwards what it gets, and a shell or a supervisor may send to the whole process group.
 */
export function onStopSignal(stop: () => void): void {
  let asked = false;
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      if (asked) return;
      asked = true;
      stop();
    });
}
