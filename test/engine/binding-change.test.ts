import { expect, test } from 'vitest';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { Conversation } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { at } from '../support/plan.ts';

const SERVER = '10.15.3.10';
const ADA = new Guest('52:54:00:00:00:01');

/** What a decision writes: '10.15.3.20 offered'. */
function writesOf(decision: { readonly change?: { readonly writes: readonly unknown[] } | undefined }) {
  const writes = (decision.change?.writes ?? []) as readonly {
    readonly address: Parameters<typeof ipv4ToText>[0];
    readonly next: { readonly state: string } | 'precondition-only';
  }[];
  return writes.map(
    ({ address, next }) => `${ipv4ToText(address)} ${next === 'precondition-only' ? next : next.state}`,
  );
}

function lease(conversation: Conversation): string {
  const { address } = conversation.hear(ADA.discover());
  conversation.hear(ADA.select(address, SERVER));
  return address;
}

// The store that gateways share keeps offers under their addresses: what is not written there stays.
test('RFC 2131 §4.3.1: a client has one offer: whoever is offered another address loses the first one with it', () => {
  const conversation = new Conversation();
  const first = conversation.hear(ADA.discover());
  conversation.inFlight.add(at(first.address));

  const second = conversation.hear(ADA.discover());

  if (second.decision.kind !== 'reply') throw new Error('no offer');
  expect(writesOf(second.decision)).toEqual([`${second.address} offered`, `${first.address} free`]);
});

test('a client that has its lease extended, or is bound anew to the same address, writes that address alone', () => {
  const conversation = new Conversation();
  const address = lease(conversation);
  const extended = conversation.hearUnicast(ADA.extend(address), address);
  conversation.hearUnicast(ADA.release(address, SERVER), address);
  const again = conversation.hear(ADA.reboot(address));

  for (const { decision } of [extended, again]) {
    if (decision.kind !== 'reply') throw new Error('no reply');
    expect(writesOf(decision)).toEqual([`${address} bound`]);
  }
});
