import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotIndex } from '../../src/lease-table/slot-index.ts';

/** Few hashes, some of them at the end of the places, so that they run into each other and round the end. */
const HASHES = [0, 1, 2, 2046, 2047, 2048, -1, 0x7fff_ffff];

test('finds every slot by its hash, whatever was added, removed and grown over', () => {
  const step = fc.record({ isAdded: fc.boolean(), which: fc.nat(40), hash: fc.constantFrom(...HASHES) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 3000 }), (steps, others) => {
      const index = new SlotIndex();
      const known = new Map<number, number>();
      for (let slot = 1000; slot < 1000 + others; slot += 1) index.add(slot, slot * 7919);
      for (const [step, { isAdded, which, hash }] of steps.entries()) {
        index.add(5000 + step, step * 7919); // It grows between the steps too.
        const before = known.get(which);
        if (isAdded && before === undefined) {
          index.add(which, hash);
          known.set(which, hash);
        } else if (!isAdded && before !== undefined) {
          index.remove(placeOf(index, which, before));
          known.delete(which);
        }
      }

      for (const [slot, hash] of known) expect(index.at(placeOf(index, slot, hash))).toBe(slot);
      for (const hash of HASHES) {
        const expected = [...known].filter(([, each]) => each === hash).map(([slot]) => slot);
        const found = slotsOf(index, hash).filter((slot) => slot < 1000);
        expect(found.sort()).toEqual(expected.sort());
      }
      for (let slot = 1000; slot < 1000 + others; slot += 97)
        expect(slotsOf(index, slot * 7919)).toContain(slot);
    }),
    { numRuns: 60 },
  );
});

test('has at once what one by one would have come to, but for those with the hash of another', () => {
  const hash = fc.oneof(fc.constantFrom(...HASHES), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 3000 }), (hashes) => {
      const index = new SlotIndex();
      const leftOut = index.fill(Int32Array.from(hashes));

      const firstOf = new Map<number, number>();
      for (const [slot, hash] of hashes.entries()) if (!firstOf.has(hash)) firstOf.set(hash, slot);
      for (const [hash, slot] of firstOf) expect(slotsOf(index, hash)).toEqual([slot]);
      const others = hashes.flatMap((hash, slot) => (firstOf.get(hash) === slot ? [] : [slot]));
      expect(leftOut.toSorted((one, other) => one - other)).toEqual(others);

      for (const slot of leftOut) index.add(slot, hashes[slot] ?? 0);
      for (const [hash] of firstOf) {
        const slots = hashes.flatMap((each, slot) => (each === hash ? [slot] : []));
        expect(slotsOf(index, hash)).toEqual(slots);
      }
    }),
    { numRuns: 30 },
  );
});

test('an add moves the slots of one small table at most, however many slots there are', () => {
  const index = new SlotIndex();
  const hashOf = (slot: number) => Math.imul(slot, 0x9e3779b1);
  // One in each small table, of those that come first.
  const witnesses = Array.from({ length: 32 }, (_, number) => ({
    slot: number,
    hash: (number << 27) | 0xabcde,
  }));
  for (const { slot, hash } of witnesses) index.add(slot, hash);
  let places = witnesses.map(({ slot, hash }) => placeOf(index, slot, hash));

  let moves = 0;
  for (let slot = 100; slot < 60_000; slot += 1) {
    index.add(slot, hashOf(slot));
    const now = witnesses.map((witness) => placeOf(index, witness.slot, witness.hash));
    const moved = now.filter((place, number) => place !== places[number]).length;
    if (moved > 1) expect.fail(`the add of ${slot} moved ${moved} of ${witnesses.length}`);
    moves += moved;
    places = now;
  }

  expect(moves).toBeGreaterThan(witnesses.length); // They did grow.
});

function placeOf(index: SlotIndex, slot: number, hash: number): number {
  let place = index.find(hash);
  while (index.at(place) !== slot && index.at(place) !== -1) place = index.findNext(place, hash);
  return place;
}

function slotsOf(index: SlotIndex, hash: number): number[] {
  const slots: number[] = [];
  for (let place = index.find(hash); index.at(place) !== -1; place = index.findNext(place, hash))
    slots.push(index.at(place));
  return slots;
}
