import { decide } from '../../../src/engine/decide.ts';
import type { Decision, DecisionContext } from '../../../src/engine/decision/decision.ts';
import { NO_PEERS, NO_QUIET } from '../../../src/exchange/decision-context.ts';
import { type ClientKey, clientKeyOf } from '../../../src/lease/client-key.ts';
import { instant } from '../../../src/lease/lease.ts';
import { LeaseTable } from '../../../src/lease-table/lease-table.ts';
import type { Arrival } from '../../../src/net/datagram.ts';
import { prefixOf } from '../../../src/net/prefix.ts';
import { decode } from '../../../src/wire/decode.ts';
import { encode } from '../../../src/wire/encode.ts';
import type { Message } from '../../../src/wire/message.ts';
import type { Reply } from '../../../src/wire/reply.ts';
import { at, planOf, range, segment } from '../../support/plan.ts';
import { MESSAGE_BYTES, putDiscover, putRenewing, putSelecting, putTemplate } from '../clients/messages.ts';
import { type MicroResult, repeat } from './repeat.ts';

/** Messages of so many clients, one slot each, as the transport would have received them. */
const CLIENTS = 1024;
const SLOT_BYTES = 2048;

const NOW = instant(Date.UTC(2026, 0, 1));
const ARRIVAL: Arrival = { via: 'unicast', source: at('10.15.3.2'), local: at('10.15.3.10') };
const PLAN = planOf({
  subnet: segment({ prefix: prefixOf(at('10.15.0.0'), 16), pools: [range('10.15.64.0', '10.15.127.255')] }),
});

/** One message of each client: its bytes, and what `decode` makes of them. */
interface Messages {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly all: readonly Message[];
}

/** The parts of an exchange, each alone. */
export function measureOperations(): readonly MicroResult[] {
  const table = new LeaseTable(new Set(), 0);
  const discovers = messages((view, slot, client) => putDiscover(view, slot, client, hardwareOf(client)));
  const offers = decisionsOn(discovers, table);
  // While the table is empty, each is a new client.
  const results = [
    repeat('decode DHCPDISCOVER', decodeOne(discovers)),
    repeat('client key', (index) => keyOf(messageAt(discovers, index))),
    repeat('decide DHCPDISCOVER, new client', decideOne(discovers, table)),
    repeat('encode DHCPOFFER', encodeOne(offers.map(replyOf))),
  ];
  apply(offers, table);

  const addresses = offers.map((offer) => replyOf(offer).yiaddr);
  const requests = messages((view, slot, client) =>
    putSelecting(view, slot, client, hardwareOf(client), addresses[client] ?? 0, ARRIVAL.local),
  );
  const acks = decisionsOn(requests, table);
  results.push(
    repeat('decode DHCPREQUEST', decodeOne(requests)),
    repeat('decide DHCPREQUEST, selecting', decideOne(requests, table)),
    repeat('encode DHCPACK', encodeOne(acks.map(replyOf))),
  );
  apply(acks, table);

  const renewals = messages((view, slot, client) =>
    putRenewing(view, slot, client, hardwareOf(client), addresses[client] ?? 0),
  );
  results.push(repeat('decide DHCPREQUEST, renewing', decideOne(renewals, table)));
  return results;
}

function hardwareOf(client: number): number {
  return 0x02_0000_000000 + client;
}

function messages(put: (view: DataView, slot: number, client: number) => void): Messages {
  const bytes = new Uint8Array(CLIENTS * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  const all: Message[] = [];
  for (let client = 0; client < CLIENTS; client += 1) {
    const slot = client * SLOT_BYTES;
    putTemplate(view, slot, 0);
    put(view, slot, client);
    const message = decode(bytes, view, slot, MESSAGE_BYTES);
    if (!message.ok) throw new Error(`a message of our own is ${message.malformed}`);
    all.push(message);
  }
  return { bytes, view, all };
}

function messageAt({ all }: Messages, index: number): Message {
  const message = all[index & (CLIENTS - 1)];
  if (message === undefined) throw new Error('no such client');
  return message;
}

function keyOf(message: Message): ClientKey {
  const client = clientKeyOf(message, true);
  if (client === undefined) throw new Error('a client without a key');
  return client;
}

function decodeOne({ bytes, view }: Messages) {
  return (index: number) => decode(bytes, view, (index & (CLIENTS - 1)) * SLOT_BYTES, MESSAGE_BYTES);
}

function decideOne(from: Messages, table: LeaseTable) {
  const keys = from.all.map(keyOf);
  return (index: number) => decideOn(messageAt(from, index), keys[index & (CLIENTS - 1)], table);
}

function decisionsOn(from: Messages, table: LeaseTable): readonly Decision[] {
  return from.all.map((message) => decideOn(message, keyOf(message), table));
}

function decideOn(message: Message, client: ClientKey | undefined, table: LeaseTable): Decision {
  if (client === undefined) throw new Error('no such client');
  const context = {
    client,
    ageMilliseconds: 0,
    readRevision: table.revision,
    lastGapRevision: 0,
    peerObservations: NO_PEERS,
    clusterPeers: undefined,
    isDiscoverRetry: false,
    isOfferedBeside: () => false,
    waited: false,
    isWithheld: false,
    trustsClock: true,
    mayBeOver: () => true,
    sightingAt: () => undefined,
    quietAddresses: NO_QUIET,
    declines: 0,
    answers: NO_ANSWERS,
    probes: NO_PROBES,
  };
  return decide(message, ARRIVAL, context, NOW, table, PLAN);
}

const NO_ANSWERS: DecisionContext['answers'] = new Map();
const NO_PROBES: DecisionContext['probes'] = new Map();

function encodeOne(replies: readonly Reply[]) {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  return (index: number) => {
    const reply = replies[index & (CLIENTS - 1)];
    return reply === undefined ? 0 : encode(reply, bytes, view, 64, 1472);
  };
}

function replyOf(decision: Decision): Reply {
  if (decision.kind !== 'reply') throw new Error(`no reply: ${decision.reason}`);
  return decision.reply;
}

function apply(decisions: readonly Decision[], table: LeaseTable): void {
  for (const decision of decisions)
    if (decision.kind === 'reply' && decision.change !== undefined) table.apply(decision.change);
}
