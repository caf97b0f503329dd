import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/**
 * Appends every failure to a file, one a line: the test file, a tab, the test's full name. What fails in no test of a file has
 * no file. Nothing is written where all passed.
 */
export class FailedReporter implements Reporter {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const failed = modules.flatMap((module) =>
      failedIn(module).map((name) => `${module.relativeModuleId}\t${name}`),
    );
    const others = errors.map(() => '\tan error outside of all tests');
    const lines = [...failed, ...others].map((line) => `${line.replaceAll('\n', ' ')}\n`);
    if (lines.length > 0) appendFileSync(this.#path, lines.join(''));
  }
}

/** Tests that failed, and what else failed of the file: its imports, or hooks of its groups. */
function failedIn(module: TestModule): readonly string[] {
  if (module.ok()) return [];
  const tests = [...module.children.allTests('failed')].map((test: TestCase) => test.fullName);
  const broken = [...module.children.allSuites()].filter((suite: TestSuite) => suite.errors().length > 0);
  const names = [...tests, ...broken.map((suite) => `${suite.fullName} (before or after its tests)`)];
  return names.length > 0 && module.errors().length === 0 ? names : [...names, 'the file itself'];
}
