import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
const LIBRARY = 'faketime/libfaketimeMT.so.1';

/** The wall clock of programs, by libfaketime; their monotonic clock is left alone. */
export class FakeTime {
  readonly #file: string;

  /** `folder`: where the offset stands. */
  constructor(folder: string) {
    this.#file = join(folder, 'offset');
    this.isRight();
  }

  /** The command that a program runs under. */
  get under(): readonly string[] {
    const settings = {
      LD_PRELOAD: libraryPath(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
      NO_FAKE_STAT: '1',
    };
    return ['env', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
  }

  /** From now on, for programs that run too. */
  is(time: Date): void {
    const seconds = Math.round((time.getTime() - Date.now()) / 1000);
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}`);
  }

  isRight(): void {
    writeFileSync(this.#file, '+0');
  }
}

function libraryPath(): string {
  const folders = readdirSync(LIBRARIES).map((name) => join(LIBRARIES, name, LIBRARY));
  const found = folders.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no ${LIBRARY}`);
  return found;
}
