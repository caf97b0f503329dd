import { expect, test } from 'vitest';
import { PeerMemory } from '../../src/detection/peer-memory.ts';
import { Peers } from '../../src/detection/peers.ts';
import { keyOfIdentifier } from '../../src/lease/client-key.ts';
import { instant, type Lease } from '../../src/lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../../src/net/ipv4.ts';
import type { HeardSelection } from '../../src/store/lease-store.ts';
import { hardware } from '../store/changes.ts';
import { FakeClock } from '../support/clock.ts';
import { LogLines } from '../support/log-lines.ts';
import { memoryStore } from '../support/memory-store.ts';
import { at } from '../support/plan.ts';
import { SimulatedSegment } from '../support/simulated-transport.ts';

const PEER = at('10.15.3.11');
const FIRST = at('10.15.3.20');
const SECOND = at('10.15.3.21');

function ownLease(address: Ipv4, begin: number): Lease {
  return {
    ...{
      address,
      client: keyOfIdentifier(Uint8Array.of(1, address & 255)),
      hardware: hardware(address & 255),
    },
    ...{ granter: UNSPECIFIED, state: 'bound', leaseSeconds: 0, version: 1 },
    ...{ expiresAt: instant(begin + 60_000), updatedAt: instant(begin) },
  };
}

test('what an earlier process has heard is not overwritten before it was read', async () => {
  const clock = new FakeClock();
  const begin = clock.now();
  const stored: HeardSelection = {
    ...{ address: FIRST, client: keyOfIdentifier(Uint8Array.of(2, 1)), hardware: hardware(0x99) },
    ...{ granter: PEER, on: instant(begin + 1), revision: 1, isOpen: false },
  };
  const leases = [FIRST, SECOND].map((address) => ownLease(address, begin));
  const store = memoryStore({ clock, leases, heardSelections: [stored], lastHeard: new Map([[PEER, 0]]) });
  const peers = new Peers(clock, new LogLines(), () => store.leases.revision);
  peers.known = new Set([PEER]);
  peers.found.begin(new SimulatedSegment()); // It has not answered ARP yet.
  const memory = new PeerMemory(peers, store, clock);
  await clock.pass(1000);

  peers.noteRequest(PEER, SECOND, keyOfIdentifier(Uint8Array.of(2, 2)), hardware(0x98));
  memory.noteRequest(SECOND);
  expect(store.heardSelections).toEqual([stored]);

  memory.recall();
  memory.check();
  expect(store.heardSelections.map(({ address }) => address).sort()).toEqual([FIRST, SECOND]);
});
