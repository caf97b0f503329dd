import { request } from 'node:http';

/** What keeps the management thread busy. */
export interface Asking {
  readonly socketPath: string;
  /** requests: so many are under way at any time. readers: so many follow the events and read none. */
  readonly kind: 'requests' | 'readers';
  readonly count: number;
  /** `{n}` in it is another number each time. */
  readonly path: string;
}

/** What became of the requests. */
export interface Asked {
  readonly answers: number;
  /** That were told to come again. */
  readonly refused: number;
  /** Of those that were answered, and of the slowest of them: milliseconds; 0: none was. */
  readonly median: number;
  readonly longest: number;
}

/** Time until a request that was refused is sent again: milliseconds. */
const AGAIN = 100;
/** It never goes on for longer, whatever becomes of its parent: milliseconds. */
const LONGEST = 120_000;

/** Asks as the first argument says, as JSON, until SIGTERM; then it writes what came of it, as JSON. */
const { socketPath, kind, count, path } = JSON.parse(process.argv[2] ?? '') as Asking;
const times: number[] = [];
let refused = 0;
let number = 100;

function ask(): void {
  number += 1;
  const begun = performance.now();
  const asking = { socketPath, path: path.replace('{n}', String(number)), agent: false };
  const asked = request(asking, (answer) => {
    const isRight = answer.statusCode === 200;
    if (!isRight) refused += 1;
    if (kind === 'readers') {
      if (isRight) times.push(performance.now() - begun);
      answer.pause();
      return;
    }
    answer.resume().on('end', () => {
      if (isRight) times.push(performance.now() - begun);
      setTimeout(ask, isRight ? 0 : AGAIN);
    });
  });
  asked.on('error', () => setTimeout(ask, AGAIN));
  asked.end();
}

function end(): void {
  times.sort((one, other) => one - other);
  const asked: Asked = {
    ...{ answers: times.length, refused },
    median: times[times.length >>> 1] ?? 0,
    longest: times.at(-1) ?? 0,
  };
  process.stdout.write(JSON.stringify(asked), () => process.exit(0));
}

process.on('SIGTERM', end);
// A connection that is not read does not keep a process alive: this does.
setTimeout(end, LONGEST);
for (let each = 0; each < count; each += 1) ask();
