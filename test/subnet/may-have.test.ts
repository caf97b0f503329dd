import { describe, expect, test } from 'vitest';
import { ANYBODY, mayHave } from '../../src/subnet/may-have.ts';
import { client, hardware } from '../store/changes.ts';
import { at, range, segment } from '../support/plan.ts';
import { Reservations } from '../support/reservations.ts';

const ADA = { client: client(1), hardware: hardware(1) };
const BOB = { client: client(2), hardware: hardware(2) };
const SUBNET = segment({ pools: [range('10.15.3.20', '10.15.3.140', ['10.15.3.30'])] });

describe('what a guest may have of an address', () => {
  test.each([
    ['10.15.3.20', 'lease', 'in the pool'],
    ['10.15.3.140', 'lease', 'the last of the pool'],
    ['10.15.3.141', 'keep-until-end', 'in no pool'],
    ['10.15.3.5', 'keep-until-end', 'in no pool'],
    ['10.15.3.30', 'keep-until-end', 'left out of the pool'],
    ['10.15.3.1', 'nothing', "the router's"],
    ['10.15.3.10', 'nothing', "this gateway's"],
    ['10.15.3.19', 'nothing', "another gateway's"],
    ['10.15.3.0', 'nothing', "the network's"],
    ['10.15.3.255', 'nothing', 'the broadcast address'],
    ['10.15.4.20', 'nothing', 'off the prefix'],
    ['0.0.0.0', 'nothing', 'no address'],
  ] as const)('%s: %s (%s)', (address, entitlement, _why) => {
    expect(mayHave(SUBNET, ADA, at(address))).toBe(entitlement);
  });

  test.each([
    ['10.15.3.50', 'lease', 'reserved', 'in the pool'],
    ['10.15.3.200', 'lease', 'reserved', 'in no pool'],
    ['10.15.3.30', 'lease', 'reserved', 'left out of the pool'],
    ['10.15.3.1', 'nothing', 'nothing', "the router's"],
    ['10.15.4.20', 'nothing', 'nothing', 'off the prefix'],
  ] as const)('%s, reserved for one client: %s for it, %s for others (%s)', (address, own, others, _why) => {
    const reservations = new Reservations();
    reservations.add(ADA.hardware, at(address));
    const subnet = { ...SUBNET, reservations };

    expect(mayHave(subnet, ADA, at(address))).toBe(own);
    expect(mayHave(subnet, BOB, at(address))).toBe(others);
    expect(mayHave(subnet, ANYBODY, at(address))).toBe(others);
  });

  test("rest of its reserved address in another gateway's share, and others nothing at all", () => {
    const reservations = new Reservations();
    reservations.add(ADA.hardware, at('10.15.3.150'));
    const subnet = { ...SUBNET, othersShares: [range('10.15.3.141', '10.15.3.199')], reservations };

    expect(mayHave(subnet, ADA, at('10.15.3.150'))).toBe('keep-until-end');
    expect(mayHave(subnet, BOB, at('10.15.3.150'))).toBe('reserved');
  });
});
