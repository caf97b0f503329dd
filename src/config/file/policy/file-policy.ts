import { NO_POLICY, type Policy } from '../../../subnet/policy.ts';
import type { Problem } from '../../problem.ts';
import type { Settings } from '../../settings.ts';

/** What a file says of a segment's guests. */
export interface FilePolicy {
  readonly policy: Policy;
  readonly problems: readonly Problem[];
  /** What is wrong with it beside the other settings. */
  contradictions(read: Partial<Settings>): readonly Problem[];
}

export const NO_FILE_POLICY: FilePolicy = { policy: NO_POLICY, problems: [], contradictions: () => [] };
