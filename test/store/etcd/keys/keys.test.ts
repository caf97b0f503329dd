import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identitiesOf } from '../../../../src/lease/reservation/claims.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { cards, clientId, reservationOf } from '../../../support/reservations.ts';
import { SEGMENT } from '../../../support/shared-store.ts';

const KEYS = new Keys(SEGMENT);

/** Other versions read them: they must not change. */
test.each([
  [{ macs: cards('52:54:00:00:00:0a') }, 'rid/mac/52:54:00:00:00:0a'],
  [{ clientId: clientId('ff01/525400000001') }, 'rid/client/ff01/525400000001'],
  [{ circuitId: '0a0b' }, 'rid/circuit/0a0b'],
  [{ port: 'fwpr104p0' }, 'rid/port/104/0'],
  [{ port: 'tap104i0' }, 'rid/port/104/0'],
  [{ port: 'a b%/ü' }, 'rid/port/a%20b%25/%C3%BC'],
])('the key of an identity: %j', (fields, key) => {
  const [identity = ''] = identitiesOf(reservationOf('web', '10.15.3.20', fields));

  expect(KEYS.ofIdentity(identity)).toBe(`/vps-gateway/${SEGMENT}/${key}`);
  expect(KEYS.identityOf(`/vps-gateway/${SEGMENT}/${key}`)).toBe(identity);
});

test('the key of an identity is of that one alone, and of nothing else', () => {
  fc.assert(
    fc.property(fc.constantFrom('mac', 'client', 'circuit', 'port'), fc.string(), (kind, text) => {
      const key = KEYS.ofIdentity(`${kind} ${text}`);

      expect(KEYS.identityOf(key)).toBe(`${kind} ${text}`);
      expect([KEYS.addressOf(key), KEYS.reservationOf(key), KEYS.clientOf(key)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }),
  );
  expect(KEYS.identityOf(KEYS.ofReservation('rid/mac'))).toBeUndefined();
  expect(KEYS.identityOf(`/vps-gateway/${SEGMENT}/rid/%`)).toBeUndefined();
});
