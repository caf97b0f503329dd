import { hardwareFromText } from '../../../src/net/hardware-address.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { loadLibc } from '../../../src/transport/linux/libc.ts';
import type { AttackResult, AttackWork } from './attack.ts';
import { type Attacker, claims, discovers, ends, liar, requests, type Server } from './attackers.ts';
import { Card } from './card.ts';
import { LeaseReturner, LeaseTaker } from './lease-takers.ts';
import { ATTACKER_DEVICE } from './network.ts';

/** Runs one attack, given as JSON in the first argument, in this namespace until SIGTERM; then it writes what it did. */
const work = JSON.parse(process.argv[2] ?? '') as AttackWork;
const SLOTS = 256;
/** How often what is due is sent: milliseconds. */
const STEP = 2;
/** It never goes on for longer, whatever becomes of its parent: milliseconds. */
const LONGEST = 120_000;

function attackerOf(card: Card, server: Server): Attacker {
  const { attack, known } = work;
  switch (attack.kind) {
    case 'claims':
      return claims(card, attack);
    case 'discovers':
      return discovers(card, attack);
    case 'requests':
      return requests(card, attack, server);
    case 'leases':
      return new LeaseTaker(card, attack);
    case 'liar':
      return liar(card, attack, server);
    case 'ends':
      return ends(card, attack, known, server);
    case 'returns':
      return new LeaseReturner(card, attack, server);
  }
}

const server: Server = {
  hardware: hardwareFromText(work.server.hardware) ?? 0,
  address: ipv4FromText(work.server.address) ?? 0,
};
const isDeaf = ['discovers', 'requests', 'ends'].includes(work.attack.kind);
let attacker: Attacker | undefined;
const card = new Card(
  loadLibc(),
  ATTACKER_DEVICE,
  SLOTS,
  isDeaf ? undefined : (view, start, end) => attacker?.hear?.(view, start, end),
);
attacker = attackerOf(card, server);
const began = performance.now();
const step = (): void => {
  attacker?.due((performance.now() - began) / 1000);
  card.flush();
};
const timer = setInterval(step, STEP);
const end = (): void => {
  clearInterval(timer);
  const seconds = (performance.now() - began) / 1000;
  const result: AttackResult = { sent: card.sent, seconds, leased: attacker?.leased ?? 0 };
  console.log(JSON.stringify(result));
  process.exit(0);
};
process.once('SIGTERM', end);
setTimeout(end, LONGEST);
step();
