import type { CallCode } from '../../platform/call-error.ts';
import { REGISTER, UNARY, UNIMPLEMENTED } from '../../platform/messages.ts';

const METHODS: ReadonlySet<string> = new Set([...Object.keys(UNARY), REGISTER, ...UNIMPLEMENTED]);
/** The method of a call that the service does not have: a label takes no value from a caller. */
const OTHER = 'other';

export interface CallCount {
  readonly method: string;
  readonly code: CallCode | 'ok';
  readonly count: number;
}

/** Counts calls of the platform by what was called, and what became of it. */
export class CallCounts {
  readonly #counts = new Map<string, { method: string; code: CallCode | 'ok'; count: number }>();

  count(called: string, code: CallCode | 'ok'): void {
    const method = METHODS.has(called) ? called : OTHER;
    const key = `${method} ${code}`;
    const entry = this.#counts.get(key) ?? { method, code, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
  }

  get all(): readonly CallCount[] {
    return [...this.#counts.values()];
  }
}
