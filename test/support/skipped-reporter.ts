import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Names every test that did not run, with its reason, before the count: a skip that nobody sees is a hole. */
export class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => skippedIn(module));
    for (const name of skipped) process.stdout.write(`could not run: ${name}\n`);
  }
}

/** The outermost suites that were skipped whole, and single tests; a reason stands in the title, or is a test's note. */
function skippedIn(parent: TestModule | TestSuite): readonly string[] {
  return [...parent.children].flatMap((child) => {
    if (child.type === 'test') return child.result().state === 'skipped' ? [nameOf(child)] : [];
    const tests = [...child.children.allTests()];
    const isWhole = tests.length > 0 && tests.every((test) => test.result().state === 'skipped');
    return isWhole ? [`${child.fullName} (${tests.length} tests)`] : skippedIn(child);
  });
}

function nameOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note === undefined ? test.fullName : `${test.fullName}: ${note}`;
}
