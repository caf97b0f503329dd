import { createRequire } from 'node:module';
import { type Logger as PinoLogger, pino } from 'pino';

type Pretty = typeof import('pino-pretty');

/** One for each part, as a child with the field `part`. Messages are constant; what varies goes into fields. */
export type Logger = PinoLogger & {
  /** A line whose fields are JSON already; absent where lines are made for people. */
  written?(level: 'debug' | 'info', fields: string, message: string): void;
};

export interface LogSettings {
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** auto: pretty on a terminal, else json. */
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

/** The log of one part: each of its lines has these fields, too. */
export function logOf(log: Logger, fields: Readonly<Record<string, string>>): Logger {
  const child: Logger = log.child(fields);
  const { written } = log;
  if (written === undefined) return child;
  const own = Object.entries(fields)
    .map((field) => field.map((text) => JSON.stringify(text)).join(':'))
    .join(',');
  return Object.assign(child, {
    written: (level: 'debug' | 'info', text: string, message: string) =>
      written(level, `${own},${text}`, message),
  });
}

/** Where lines go; `LogOutput` is one. */
export interface LineWriter {
  write(line: string): void;
  /** Called after a fatal line. */
  flushSync(): void;
}

/**
 * Makes the log. Each line has `time` (ISO 8601, UTC), `level`, `msg` and its fields.
 *
 * @param now Wall-clock time in milliseconds.
 */
export function createLogger(
  settings: LogSettings,
  output: LineWriter,
  isTerminal: boolean,
  now: () => number,
): Logger {
  const time = timeField(now);
  const isPretty = settings.logFormat === 'pretty' || (settings.logFormat === 'auto' && isTerminal);
  const logger: Logger = pino(
    {
      level: settings.logLevel,
      base: null,
      timestamp: time,
      formatters: { level: (label) => ({ level: label }) },
    },
    isPretty ? prettyLines(output, isTerminal) : output,
  );
  if (isPretty) return logger;
  return Object.assign(logger, {
    written: (level: string, fields: string, message: string) =>
      output.write(`{"level":"${level}"${time()},${fields},"msg":"${message}"}\n`),
  });
}

function prettyLines(output: LineWriter, colorize: boolean): LineWriter {
  const { prettyFactory }: Pretty = createRequire(import.meta.url)('pino-pretty'); // A service need not wait for it.
  const prettify = prettyFactory({ colorize, singleLine: true, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l' });
  return { write: (line) => output.write(prettify(line)), flushSync: () => output.flushSync() };
}

/** The time as text, made once a millisecond: it costs as much as the rest of a line. */
function timeField(now: () => number): () => string {
  let last: number | undefined;
  let text = '';
  return () => {
    const at = now();
    if (at !== last) {
      last = at;
      text = `,"time":"${new Date(at).toISOString()}"`;
    }
    return text;
  };
}
