/** A log, in pino's form. Messages are constant; all that varies is in the fields. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /**
   * Writes a line whose fields are JSON already, without braces: `"reason":"bound","xid":"00001000"`. For frequent lines.
   * Absent: this log takes objects only.
   */
  written?(level: 'debug' | 'info', fields: string, message: string): void;
  /** False: lines of that level are dropped, and need not be made. */
  isLevelEnabled?(level: 'debug' | 'info'): boolean;
}
