import type { OptionBlock } from '../../wire/reply.ts';

/** An option of the subnet, or the index of a required one. */
export type ArrangedOption = OptionBlock | number;

interface Arrangement {
  readonly requestList: Uint8Array | undefined;
  readonly required: readonly number[];
  readonly options: readonly ArrangedOption[];
}

/** Kinds of guests that are remembered; beyond them all are forgotten, so that no guest can fill the memory. */
export const KIND_LIMIT = 256;

/**
 * The order of a reply's options for each request list and each set of required options. Guests of one kind all ask
 * alike, so that it is worked out once for each kind.
 */
export class Arrangements {
  readonly #arrange: (
    requestList: Uint8Array | undefined,
    required: readonly OptionBlock[],
  ) => readonly ArrangedOption[];
  readonly #known = new Map<number, Arrangement>();

  constructor(
    arrange: (
      requestList: Uint8Array | undefined,
      required: readonly OptionBlock[],
    ) => readonly ArrangedOption[],
  ) {
    this.#arrange = arrange;
  }

  /** Kinds that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  of(requestList: Uint8Array | undefined, required: readonly OptionBlock[]): readonly ArrangedOption[] {
    const hash = hashOf(requestList, required);
    const found = this.#known.get(hash);
    if (found !== undefined && isFor(found, requestList, required)) return found.options;

    if (this.#known.size >= KIND_LIMIT) this.#known.clear();
    const options = this.#arrange(requestList, required);
    this.#known.set(hash, {
      requestList: requestList?.slice(), // The request's bytes do not outlive it.
      required: required.map(({ code }) => code),
      options,
    });
    return options;
  }
}

function hashOf(requestList: Uint8Array | undefined, required: readonly OptionBlock[]): number {
  let hash = requestList === undefined ? 1 : 2;
  for (let at = 0; at < required.length; at += 1) hash = Math.imul(hash, 31) + (required[at]?.code ?? 0);
  if (requestList === undefined) return hash | 0;
  for (let at = 0; at < requestList.length; at += 1) hash = Math.imul(hash, 31) + (requestList[at] ?? 0);
  return hash | 0;
}

function isFor(
  { requestList: list, required: codes }: Arrangement,
  requestList: Uint8Array | undefined,
  required: readonly OptionBlock[],
): boolean {
  if (codes.length !== required.length || list?.length !== requestList?.length) return false;
  for (let at = 0; at < codes.length; at += 1) if (codes[at] !== required[at]?.code) return false;
  if (list === undefined || requestList === undefined) return true;
  for (let at = 0; at < list.length; at += 1) if (list[at] !== requestList[at]) return false;
  return true;
}
