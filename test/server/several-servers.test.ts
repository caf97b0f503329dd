import { expect, test } from 'vitest';
import type { RefusedChange } from '../../src/config/needs-restart.ts';
import type { Adoption, Declaration } from '../../src/server/declaration/declaration.ts';
import type { Adopter } from '../../src/server/declaration/reload.ts';
import { SeveralServers } from '../../src/server/several-servers.ts';
import { planOf } from '../support/plan.ts';

const REFUSAL: RefusedChange = { setting: 'GATEWAY_DHCP_IDENTITY', from: 'auto', to: 'mac', why: 'clients' };
const declaration = (): Declaration => ({ planOf: () => planOf({}) });

/** A server that remembers what it has adopted. */
class Adopting implements Adopter {
  readonly adopted: Declaration[] = [];
  found: readonly RefusedChange[] = [];
  faulty: readonly string[] = [];
  /** What it answers in the end, whatever it has refused before. */
  outcome: Adoption = { kind: 'adopted' };

  refusals() {
    return this.found;
  }

  faults() {
    return this.faulty;
  }

  show() {}

  async adopt(next: Declaration): Promise<Adoption> {
    if (this.outcome.kind === 'adopted') this.adopted.push(next);
    return this.outcome;
  }
}

function bench() {
  const [a, b] = [new Adopting(), new Adopting()];
  const before = new Map([
    ['a', declaration()],
    ['b', declaration()],
  ]);
  const servers = new SeveralServers(
    new Map([
      ['a', a],
      ['b', b],
    ]),
    before,
  );
  return { a, b, before, servers };
}

const next = (...names: readonly string[]) => new Map(names.map((name) => [name, declaration()]));

test('what one segment refuses is not adopted by any, and is named with its segment', async () => {
  const { a, b, servers } = bench();
  b.found = [REFUSAL];

  const adoption = await servers.adopt(next('a', 'b'));

  expect(adoption).toEqual({ kind: 'refused', refusals: [{ segment: 'b', ...REFUSAL }] });
  expect([a.adopted, b.adopted]).toEqual([[], []]);
});

test('what all segments refuse is named once', () => {
  const { a, b, servers } = bench();
  a.found = [REFUSAL];
  b.found = [REFUSAL];

  expect(servers.refusals(next('a', 'b'))).toEqual([REFUSAL]);
});

test('where the second one refuses in the end, the first one goes back to what was', async () => {
  const { a, b, before, servers } = bench();
  b.outcome = { kind: 'refused', refusals: [REFUSAL] };

  const adoption = await servers.adopt(next('a', 'b'));

  expect(adoption).toMatchObject({ kind: 'refused', refusals: [{ segment: 'b' }] });
  expect(a.adopted.at(-1)).toBe(before.get('a'));
});

test.each([
  [['a', 'b', 'c'], 'a, b, c'],
  [['b'], 'b'],
  [['a', 'd'], 'a, d'],
  [[''], 'no list'],
])('segments that would be %j take a restart', (names, to) => {
  const { servers } = bench();

  expect(servers.refusals(next(...names))).toMatchObject([{ setting: 'segments', from: 'a, b', to }]);
});

test('a fault is told with its segment', () => {
  const { b, servers } = bench();
  b.faulty = ['reservations.web: another has its address'];

  expect(servers.faults(next('a', 'b'))).toEqual(['b: reservations.web: another has its address']);
});
