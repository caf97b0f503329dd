import {
  decideImport,
  type ImportRefusal,
  type ImportVerdict,
  type LeaseImport,
} from '../../engine/order/import-lease.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ServerParts } from '../parts/server-parts.ts';
import type { OrderIntake, OrderRun } from './order-intake.ts';

/**
 * What became of a lease of another server. taken: it is durable. decided: of a dry run, it would be taken. known: the client
 * has it here already. unknown: it may have been stored or not; the same file may be imported again.
 */
export type ImportResult =
  | { readonly outcome: 'taken' | 'decided'; readonly endsOutside: boolean }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'refused'; readonly refusal: ImportRefusal | { readonly why: 'busy' | 'stopped' } }
  | { readonly outcome: 'conflict' | 'failed' | 'unknown' };

/** Orders that are under way at one time: they are committed together. */
const AT_ONCE = 32;

/** Takes over leases of another server, through the exchange like every other change. */
export class LeaseImports {
  readonly #parts: ServerParts;
  readonly #orders: OrderIntake;

  constructor(parts: ServerParts, orders: OrderIntake) {
    this.#parts = parts;
    this.#orders = orders;
  }

  /** Resolves with what became of each, in their order, when all that was taken over is durable. */
  async submit(imports: readonly LeaseImport[]): Promise<readonly ImportResult[]> {
    const results: ImportResult[] = [];
    for (let at = 0; at < imports.length; at += AT_ONCE)
      results.push(
        ...(await Promise.all(imports.slice(at, at + AT_ONCE).map((one) => this.#submitOne(one)))),
      );
    return results;
  }

  async #submitOne(order: LeaseImport): Promise<ImportResult> {
    const isDryRun = order.isDryRun === true;
    const run = await this.#orders.run(
      (input) => decideImport(order, input),
      (verdict) => (verdict.kind === 'taken' && !isDryRun ? verdict.decision : undefined),
    );
    const result = resultOf(run, isDryRun);
    if (!isDryRun) this.#log(order, result);
    return result;
  }

  #log({ address, author, note }: LeaseImport, result: ImportResult): void {
    const refusal = 'refusal' in result ? result.refusal.why : undefined;
    const fields = {
      order: 'import',
      address: ipv4ToText(address),
      author,
      note,
      outcome: result.outcome,
      refusal,
    };
    this.#parts.log.info(fields, 'order from outside');
  }
}

function resultOf(run: OrderRun<ImportVerdict>, isDryRun: boolean): ImportResult {
  if (!('verdict' in run)) return { outcome: 'refused', refusal: { why: run.outcome } };
  const { outcome, verdict } = run;
  if (verdict.kind === 'known') return { outcome: 'known' };
  if (verdict.kind === 'refused') return { outcome: 'refused', refusal: verdict.refusal };
  const { endsOutside } = verdict;
  if (isDryRun) return { outcome: 'decided', endsOutside };
  if (outcome === 'nothing') return { outcome: 'refused', refusal: { why: 'stopped' } };
  return outcome === 'committed' ? { outcome: 'taken', endsOutside } : { outcome };
}
