import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one line that any CI can read: `Tests: N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") counts.passed++;
        else if (state === "skipped") counts.skipped++;
        else failedTests++;
      }
      // A file that does not even load has no tests, but must not look like success.
      counts.failed += failedTests === 0 && module.state() === "failed" ? 1 : failedTests;
    }
    process.on("exit", () => {
      process.stdout.write(`Tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }
}
