/** Logs a line for the operator: a constant message, and fields for all that varies. */
export type Say = (level: 'info' | 'warn' | 'error', fields: object, message: string) => void;
