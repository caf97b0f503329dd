import type { z } from 'zod';
import type { Reading, SettingKind } from '../../setting-kinds.ts';

/** Where an issue is put: what `transform` of a schema is given. */
export type Issues = z.core.$RefinementCtx;

/**
 * Notes a fault of a value, or of a part of it.
 *
 * @param remedy What to write instead.
 */
export function wrong(
  issues: Issues,
  path: readonly (string | number)[],
  message: string,
  remedy: string,
): never {
  issues.addIssue({ code: 'custom', message, path: [...path], params: { remedy } });
  return undefined as never;
}

/** Notes a fault of a name. */
export function wrongName(issues: Issues, name: string, message: string, remedy: string): never {
  issues.addIssue({ code: 'custom', message, path: [name], params: { remedy, isOfName: true } });
  return undefined as never;
}

/** A value of a setting's kind, as text or as a number. */
export function read<Value>(kind: SettingKind<Value>, value: string | number, issues: Issues): Value {
  const reading: Reading<Value> = kind.read(String(value).trim());
  return reading.ok ? reading.value : wrong(issues, [], reading.fault, reading.remedy);
}
