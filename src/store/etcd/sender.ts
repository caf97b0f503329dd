import type { Clock } from '../../lease/clock.ts';
import type { Outcome } from '../lease-store.ts';
import {
  type Etcd,
  EtcdError,
  type OperationResult,
  type Revision,
  type TransactionResult,
} from './client/etcd.ts';
import { keyBehind } from './key-behind.ts';
import { decodeEntry } from './keys/entry.ts';
import { type KnownGeneration, OtherGenerationError } from './keys/generation.ts';
import type { Keys } from './keys/keys.ts';
import { readKey } from './keys/snapshot.ts';
import type { KnownKeys } from './known-keys.ts';
import type { PlannedChange } from './planned-write.ts';

/** How long a transaction with an unknown outcome is sent again: milliseconds. */
const RETRY_BUDGET = 3000;
const RETRY_AFTER = 50;

export interface SenderParts {
  readonly etcd: Etcd;
  readonly keys: Keys;
  readonly known: KnownKeys;
  readonly clock: Clock;
  /**
   * Called with an answer's revision, the revision that was known before it was asked for, and when that was: monotonic
   * milliseconds. False: the answer counts for nothing.
   */
  readonly answered: (revision: Revision, asked: Revision, askedAt: number) => boolean;
  readonly failed: (error: unknown) => void;
  readonly isClosed: () => boolean;
}

/** Sends planned changes: several in one transaction, each with its own outcome. Sends them again while that is unknown. */
export class Sender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /**
   * Writes only while etcd holds this generation. Never rejects.
   *
   * @param knownRevision The newest revision that was known before.
   * @returns An outcome for each plan, in their order.
   */
  async send(
    plans: readonly PlannedChange[],
    generation: KnownGeneration,
    knownRevision: Revision,
  ): Promise<readonly Outcome[]> {
    const { etcd, keys, known, clock } = this.#parts;
    const begin = clock.monotonic();
    for (const plan of plans) known.noteSent(plan);
    const transaction = {
      compare: [{ key: keys.generation, modRevision: generation.revision }],
      success: plans.map((plan) => ({ kind: 'transaction', transaction: plan.transaction }) as const),
      failure: [],
    };
    for (let attempt = 0; ; attempt += 1) {
      // An earlier attempt may have happened after all.
      const notDone: Outcome = attempt === 0 ? 'failed' : 'unknown';
      const askedAt = clock.monotonic();
      try {
        const { succeeded, results, revision } = await etcd.transact(transaction);
        if (!succeeded) throw new OtherGenerationError();
        const outcomes = plans.map((plan, index) =>
          this.#outcomeOf(plan, nestedIn(results[index]), revision),
        );
        if (!this.#parts.answered(revision, knownRevision, askedAt)) return plans.map(() => 'unknown');
        await this.#learnBindings(plans.filter((_, index) => outcomes[index] === 'conflict'));
        return outcomes;
      } catch (error) {
        this.#parts.failed(error);
        if (!(error instanceof EtcdError) || error.fault !== 'unknown') return plans.map(() => notDone);
        if (this.#parts.isClosed() || clock.monotonic() - begin >= RETRY_BUDGET)
          return plans.map(() => 'unknown');
        await new Promise<void>((resolve) => clock.after(RETRY_AFTER, resolve));
      }
    }
  }

  #outcomeOf(plan: PlannedChange, result: TransactionResult | undefined, revision: Revision): Outcome {
    if (result === undefined) return 'unknown';
    const { known } = this.#parts;
    if (result.succeeded) {
      for (const write of plan.writes) known.learnWrite(write, revision);
      return 'committed';
    }
    let isOurs = false;
    for (const [index, operation] of plan.transaction.failure.entries()) {
      const read = result.results[index];
      if (operation.kind !== 'get' || read?.kind !== 'get') continue;
      if (read.found === undefined) known.learnGone(operation.key, revision);
      else {
        known.learnEntry(read.found);
        isOurs ||= decodeEntry(read.found)?.op === plan.operationId;
      }
    }
    return isOurs ? 'committed' : 'conflict'; // Our own id: an earlier attempt, whose answer was lost, had succeeded.
  }

  /** Reads the keys that those name which were learnt: the next decision needs them. */
  async #learnBindings(plans: readonly PlannedChange[]): Promise<void> {
    const { etcd, keys, known } = this.#parts;
    for (const { transaction } of plans) {
      for (const operation of transaction.failure) {
        if (operation.kind !== 'get') continue;
        const key = keyBehind(operation.key, keys, known);
        if (key === undefined) continue;
        try {
          const found = await readKey(etcd, key);
          if (found !== undefined) known.learnEntry(found);
        } catch {
          return; // The watch will bring them.
        }
      }
    }
  }
}

function nestedIn(result: OperationResult | undefined): TransactionResult | undefined {
  return result?.kind === 'transaction' ? result.result : undefined;
}
