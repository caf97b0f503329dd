/** Says something to the operator: a constant message, and what varies as fields. */
export type Say = (level: 'info' | 'warn' | 'error', fields: object, message: string) => void;
