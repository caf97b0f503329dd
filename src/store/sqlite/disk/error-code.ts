/** The code of an error of the operating system or of SQLite, such as ENOSPC; of another error, its text. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return String(error);
}
