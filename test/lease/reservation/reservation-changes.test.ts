import { expect, test } from 'vitest';
import { instant } from '../../../src/lease/lease.ts';
import { changesBetween } from '../../../src/lease/reservation/reservation-changes.ts';
import { at } from '../../support/plan.ts';
import { cards, reservationOf } from '../../support/reservations.ts';

const WAS = reservationOf('web', '10.15.3.57', { hostname: 'web', labels: { rack: 'a', row: '1' } });

test.each([
  ['nothing but its time and version', { updatedAt: instant(7), version: 9 }, []],
  ['its address', { address: at('10.15.3.58') }, [['address', '10.15.3.57', '10.15.3.58']]],
  ['a name that it has no more', { hostname: undefined }, [['hostname', 'web', null]]],
  [
    'its cards',
    { macs: cards('52:54:00:00:00:01', '52:54:00:00:00:02') },
    [['mac', [], ['52:54:00:00:00:01', '52:54:00:00:00:02']]],
  ],
  [
    'labels, each by its name',
    { labels: { rack: 'b', zone: 'x' } },
    [
      ['labels.rack', 'a', 'b'],
      ['labels.row', '1', null],
      ['labels.zone', null, 'x'],
    ],
  ],
  [
    'labels that are named like what every object inherits',
    { labels: { rack: 'a', row: '1', constructor: 'x', ['__proto__']: 'y' } },
    [
      ['labels.constructor', null, 'x'],
      ['labels.__proto__', null, 'y'],
    ],
  ],
  ['who keeps it', { source: 'platform' as const }, [['source', WAS.source, 'platform']]],
])('of a reservation that changes %s, that is told', (_, change, told) => {
  const changes = changesBetween(WAS, { ...WAS, ...change });

  expect(changes.map(({ member, from, to }) => [member, from, to])).toEqual(told);
});
