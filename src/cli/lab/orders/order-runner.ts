import type { Lab } from '../lab.ts';
import type { TriedPromise } from '../telling/lab-event.ts';
import type { LabOrder, LabStep, StepResult } from './order.ts';

/** Carries out orders, one at a time, and tells what should happen and what did. */
export class OrderRunner {
  readonly orders: readonly LabOrder[];
  readonly #lab: Pick<Lab, 'tell' | 'isEnding'>;
  /** Orders that were given and not undone yet. */
  readonly #given = new Set<LabOrder>();
  readonly #results = new Map<LabStep, Pick<TriedPromise, 'kept' | 'seen'>>();
  #busyWith: string | undefined;

  constructor(lab: Pick<Lab, 'tell' | 'isEnding'>, orders: readonly LabOrder[]) {
    this.#lab = lab;
    this.orders = orders;
  }

  tellHelp(): void {
    const orders = this.orders.map((order) => ({
      key: order.key,
      title: this.#isGiven(order) ? (order.undo?.title ?? order.title) : order.title,
      hindrance: order.hindrance,
    }));
    this.#lab.tell({ kind: 'help', orders });
  }

  /** Carries out the order of a key. False: the key has none. */
  async press(key: string): Promise<boolean> {
    const order = this.orders.find((each) => each.key === key);
    if (order === undefined) return false;
    const missing = this.#missingFor(order);
    if (this.#busyWith !== undefined) this.#refuse(`not now: "${this.#busyWith}" is not over yet`);
    else if (order.hindrance !== undefined)
      this.#refuse(`refused: ${order.title}: not here, ${order.hindrance}`);
    else if (missing !== undefined) this.#refuse(`refused: first ${missing.key}: ${missing.undo?.title}`);
    else await this.#give(order);
    return true;
  }

  /** Every order, and what undoes it, one after the other. */
  async all(): Promise<void> {
    for (const { order, step } of this.#steps()) {
      if (this.#lab.isEnding) return;
      const { hindrance } = order;
      const result =
        hindrance === undefined ? await this.#carryOut(step) : { kept: undefined, seen: hindrance };
      if (!this.#lab.isEnding) this.#results.set(step, result);
    }
  }

  /** Every promise, and whether it was kept. */
  get tried(): readonly TriedPromise[] {
    return this.#steps().map(({ step }) => ({
      order: step.title,
      promise: step.promise,
      ...(this.#results.get(step) ?? { kept: undefined, seen: 'the lab was ended before' }),
    }));
  }

  /** Another order that has taken away what this one needs. */
  #missingFor(order: LabOrder): LabOrder | undefined {
    return [...this.#given].find(
      (given) => given !== order && given.takes !== undefined && order.needs.includes(given.takes),
    );
  }

  async #give(order: LabOrder): Promise<void> {
    const isUndone = this.#isGiven(order);
    const step = isUndone && order.undo !== undefined ? order.undo : order;
    await this.#carryOut(step);
    if (order.undo === undefined) return;
    if (isUndone) this.#given.delete(order);
    else this.#given.add(order);
  }

  #steps(): readonly { readonly order: LabOrder; readonly step: LabStep }[] {
    return this.orders.flatMap((order) =>
      (order.undo === undefined ? [order] : [order, order.undo]).map((step) => ({ order, step })),
    );
  }

  async #carryOut(step: LabStep): Promise<StepResult> {
    const { title } = step;
    this.#busyWith = title;
    const begin = Date.now();
    const result = await this.#resultOf(step, begin);
    const at = Date.now();
    if (!this.#lab.isEnding)
      this.#lab.tell({ kind: 'outcome', at, title, ...result, milliseconds: at - begin });
    this.#busyWith = undefined;
    return result;
  }

  async #resultOf(step: LabStep, at: number): Promise<StepResult> {
    try {
      this.#lab.tell({ kind: 'order', at, title: step.title, expected: await step.says() });
      return await step.does((text) => this.#lab.tell({ kind: 'progress', at: Date.now(), text }));
    } catch (error) {
      return { kept: false, seen: error instanceof Error ? error.message : String(error) };
    }
  }

  #isGiven(order: LabOrder): boolean {
    return this.#given.has(order);
  }

  #refuse(text: string): void {
    this.#lab.tell({ kind: 'progress', at: Date.now(), text });
  }
}
