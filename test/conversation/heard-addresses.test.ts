import { expect, test } from 'vitest';
import { NO_PEERS } from '../../src/exchange/decision-context.ts';
import { NEVER } from '../../src/lease/lease.ts';
import { changeOf, client, hardware } from '../store/changes.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const A = new Guest('52:54:00:00:00:01');
const B = new Guest('52:54:00:00:00:02');

// Its lease may be over, or given back there, and the address another's: a peer's word of it is all that is known.
test('an address that a peer granted is asked for by ARP before its own client is offered it here', () => {
  const conversation = new Conversation({ peers: new Set([at(SECOND)]), probeMilliseconds: 300 });
  conversation.hear(A.select('10.15.3.77', SECOND));

  const offer = conversation.hear(A.discover());

  expect(offer.outcome).toBe('DHCPOFFER 10.15.3.77');
  expect(offer.asked).toEqual(['10.15.3.77']);
});

test('a lease is asked for by ARP while a client that was heard asking a peer for its address may have one: for a longest lease', () => {
  const conversation = new Conversation({ probeMilliseconds: 300 });
  const { address } = conversation.hear(A.discover());
  conversation.hear(A.select(address, FIRST));
  const asking = {
    granter: at(SECOND),
    client: client(9),
    hardware: hardware(9),
    on: conversation.now,
    revision: 0,
  };
  const peerObservations = {
    ...NO_PEERS,
    peers: new Map([[at(SECOND), conversation.now]]),
    lastRequestFor: () => asking,
  };
  conversation.context = { peerObservations };
  conversation.store.applyForeign(
    changeOf(conversation.store.leases, { client: 1, address: at(address), at: asking.on, expiresAt: NEVER }),
  );

  conversation.pass(86_399);
  const before = conversation.hear(A.discover());
  conversation.pass(1);
  const after = conversation.hear(A.discover());

  expect([before, after].map(({ asked }) => asked)).toEqual([[address], []]);
});

test('a quarantine that is over gives way to what is heard; one that stands does not', () => {
  const conversation = new Conversation({ peers: new Set([at(SECOND)]) });
  const { address } = conversation.hear(A.discover());
  conversation.hear(A.decline(address, FIRST));
  expect(conversation.at(address)?.state).toBe('declined');

  conversation.pass(599);
  const early = conversation.hear(B.select(address, SECOND)).reason;
  conversation.pass(1);
  const late = conversation.hear(B.select(address, SECOND)).reason;

  expect([early, late]).toEqual(['not-for-us', 'peer-granted']);
});

test.each([
  ['vouched for', 0, 5, 'DHCPACK'],
  ['stored just before something was missed', 1, 5, 'DHCPNAK'],
  ['stored long before something was missed', 1, 61, 'DHCPACK'],
])(
  'RFC 2131 §3.1 (4): a lease that is %s, which its client selects again after a peer gave it to another',
  (_, deaf, seconds, type) => {
    const conversation = new Conversation();
    const { address } = conversation.hear(A.discover());
    conversation.hear(A.select(address, FIRST));
    conversation.pass(seconds);
    const { now, store } = conversation;
    const asking = { granter: at(SECOND), client: client(9), hardware: hardware(9), on: now, revision: 0 };
    const peerObservations = {
      ...NO_PEERS,
      peers: new Map([[at(SECOND), now]]),
      lastRequestFor: () => asking,
    };
    conversation.context = { peerObservations, lastGapRevision: deaf * store.leases.revision };

    const again = conversation.hear(A.select(address, FIRST));

    expect(again.outcome).toMatch(type);
    expect(conversation.at(address)).toMatchObject(
      type === 'DHCPACK' ? { state: 'bound', client: client(1) } : { state: 'peer', client: client(9) },
    );
  },
);
