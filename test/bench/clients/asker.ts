import { request } from 'node:http';

/** What keeps the management thread busy. */
export interface Asking {
  readonly socketPath: string;
  /** requests: so many are under way at any time. readers: so many follow the events and read none. */
  readonly kind: 'requests' | 'readers';
  readonly count: number;
  readonly path: string;
}

/** Time until a request that was refused is sent again: milliseconds. */
const AGAIN = 100;
/** It never goes on for longer, whatever becomes of its parent: milliseconds. */
const LONGEST = 120_000;

/** Asks as the first argument says, as JSON, until SIGTERM; then it writes how many answers came. */
const { socketPath, kind, count, path } = JSON.parse(process.argv[2] ?? '') as Asking;
let answers = 0;

function ask(): void {
  const asked = request({ socketPath, path, agent: false }, (answer) => {
    const isRight = answer.statusCode === 200;
    if (kind === 'readers') {
      answers += Number(isRight);
      answer.pause();
      return;
    }
    answer.resume().on('end', () => {
      answers += Number(isRight);
      setTimeout(ask, isRight ? 0 : AGAIN);
    });
  });
  asked.on('error', () => setTimeout(ask, AGAIN));
  asked.end();
}

function end(): void {
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

process.on('SIGTERM', end);
setTimeout(end, LONGEST).unref();
for (let each = 0; each < count; each += 1) ask();
