import { describe, expect, test } from 'vitest';
import { admit } from '../../../src/exchange/admission/admit.ts';
import { basicAdmissions } from '../../../src/exchange/admission/basic-admissions.ts';
import type { Admission } from '../../../src/exchange/parts/admission.ts';
import { PendingMessage } from '../../../src/exchange/pending/pending.ts';
import { decode } from '../../../src/wire/decode.ts';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { packet } from '../../support/packet.ts';
import { at, planOf } from '../../support/plan.ts';

const MAC = '52:54:00:00:00:01';
const ARRIVAL = { via: 'broadcast', source: at('0.0.0.0'), local: at('10.15.3.10') } as const;

function admitted(bytes: Uint8Array, admissions = basicAdmissions(), plan = planOf()) {
  const message = decode(bytes, new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
  if (!message.ok) throw new Error(message.malformed);
  return admit(admissions, message, ARRIVAL, 77, plan, 9);
}

describe('before a message has a state', () => {
  test('one that nothing is against is in its first, with when it was read', () => {
    const message = admitted(new Guest(MAC).discover());

    expect(message).toBeInstanceOf(PendingMessage);
    expect(message).toMatchObject({ state: { name: 'arrived' }, readAt: 77, readRevision: 9 });
  });

  test.each([
    ['relay-not-listed', new Guest(MAC, { relay: '10.15.3.66' }).discover()],
    ['bad-giaddr', new Guest(MAC, { relay: '10.15.3.10' }).discover()],
    ['no-client', packet({ hlen: 0, options: [[53, 1]] })],
  ])('%s is a cause to drop it', (cause, bytes) => {
    expect(admitted(bytes)).toBe(cause);
  });

  test('an identifier alone makes a client, but not where leases go by hardware address', () => {
    const bytes = packet({
      hlen: 0,
      options: [
        [53, 1],
        [61, 1, 2, 3],
      ],
    });

    expect(admitted(bytes)).toBeInstanceOf(PendingMessage);
    expect(admitted(bytes, basicAdmissions(), planOf({ identity: 'mac' }))).toBe('no-client');
  });

  test('the first cause is the one that counts, and no later check is made', () => {
    const asked: string[] = [];
    const check = (name: string, verdict: ReturnType<Admission>): Admission => {
      return () => {
        asked.push(name);
        return verdict;
      };
    };
    const checks = [check('a', 'admitted'), check('b', 'no-room'), check('c', 'stale')];

    expect(admitted(new Guest(MAC).discover(), checks)).toBe('no-room');
    expect(asked).toEqual(['a', 'b']);
  });
});

test('a check that the server adds drops messages with its cause, before anything is learnt from them', async () => {
  const read: number[] = [];
  const bench = memoryBench({
    admissions: [
      ({ type }, _arrival, monotonic) => {
        read.push(monotonic);
        return type === 'DHCPDISCOVER' ? 'no-room' : 'admitted';
      },
    ],
  });
  const learnt: unknown[] = [];
  bench.serverState.noteDiscover = (sender) => learnt.push(sender);

  await bench.hear(new Guest(MAC).discover(), new Guest(MAC).inform('10.15.3.250'));

  expect(bench.drops('no-room')).toBe(1);
  expect(bench.record.decisions).toEqual(['DHCPINFORM informed']);
  expect(learnt).toEqual([]);
  expect(read).toEqual([bench.clock.monotonic(), bench.clock.monotonic()]);
});
