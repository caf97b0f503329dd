import { describe, expect, test } from 'vitest';
import { instant } from '../../../src/lease/lease.ts';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import {
  RESERVATION_FIELD_NAMES,
  reservationFromColumns,
  reservationFromJson,
  reservationToJson,
  reservationValues,
} from '../../../src/lease/reservation/reservation-fields.ts';
import { cards, clientId, reservationOf } from '../../support/reservations.ts';

const BARE = reservationOf('web-1', '10.15.3.57');
const FULL = reservationOf('web-1', '10.15.3.57', {
  macs: cards('52:54:00:00:00:01', '52:54:00:00:00:02'),
  clientId: clientId('01525400000001'),
  circuitId: 'aabb',
  port: 'tap104i0',
  hostname: 'web-1',
  organizationId: 'org' as OutsideId,
  labels: { node: 'pve1', 'a/b': 'c' },
  options: { tftpServerName: 'tftp' },
  leaseTime: 3600,
  note: 'a note',
  source: 'platform',
  retiredUntil: instant(Date.UTC(2026, 0, 2)),
  version: 7,
});

describe.each([
  ['a bare', BARE],
  ['a full', FULL],
])('%s reservation', (_name, reservation) => {
  test('is the same after JSON, and after a row', () => {
    expect(reservationFromJson(JSON.parse(JSON.stringify(reservationToJson(reservation))))).toEqual(
      reservation,
    );
    expect(reservationFromColumns(reservationValues(reservation))).toEqual(reservation);
  });

  test('is not read from JSON or a row in which one value is of another type', () => {
    for (const [index, name] of RESERVATION_FIELD_NAMES.entries()) {
      const row = reservationValues(reservation).map((value, at) => (at === index ? 'no\nsense' : value));
      expect([name, reservationFromColumns(row)]).toEqual([name, undefined]);
    }
    for (const member of Object.keys(reservationToJson(FULL)))
      expect(reservationFromJson({ ...reservationToJson(reservation), [member]: false })).toBeUndefined();
  });
});

test('members of a later version are passed over', () => {
  expect(reservationFromJson({ ...reservationToJson(BARE), color: 'red' })).toEqual(BARE);
});

test.each([undefined, null, 7, 'text', [], {}])('%j is no reservation', (json) => {
  expect(reservationFromJson(json)).toBeUndefined();
});
