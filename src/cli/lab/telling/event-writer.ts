import { snakeCased } from '../../output/json.ts';
import { standardOutput } from '../../output/output.ts';
import { InOrder } from './in-order.ts';
import type { LabEvent } from './lab-event.ts';
import { narrate } from './narrate.ts';

/** Writes what happens, for people or for programs. */
export class EventWriter {
  /** Called when nobody reads any more. */
  onReaderGone: () => void = () => {};
  readonly #output = standardOutput();
  readonly #inOrder = new InOrder((event) => this.#write(event));
  readonly #isJson: boolean;
  #readerGone: unknown;

  constructor(isJson: boolean) {
    this.#isJson = isJson;
  }

  tell(event: LabEvent): void {
    this.#inOrder.take(event);
  }

  /** @throws what writing threw, if the reader is gone. */
  end(): void {
    if (this.#readerGone !== undefined) throw this.#readerGone;
  }

  #write(event: LabEvent): void {
    if (this.#readerGone !== undefined) return;
    const { hasColour, columns } = this.#output;
    try {
      this.#output.write(
        this.#isJson ? `${JSON.stringify(snakeCased(event))}\n` : narrate(event, hasColour, columns),
      );
    } catch (error) {
      this.#readerGone = error;
      this.onReaderGone();
    }
  }
}
