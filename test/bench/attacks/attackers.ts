import { hardwareAt } from '../../../src/net/hardware-address.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { putDecline, putDiscover, putRelease, putRenewing, putSelecting } from '../clients/messages.ts';
import type { Attack, FrameSource } from './attack.ts';
import { arpAnswer, askedBy, type Card, type Envelope } from './card.ts';
import type { Holding } from './guest.ts';
import { echoReply } from './icmp.ts';
import { INVENTED_GATEWAY, PLAN } from './network.ts';

/** The attacker's own card, and the first of those that it invents. */
export const OWN = 0x5254_0066_6666;
const INVENTED = 0x5200_0000_0000;

export interface Server {
  readonly hardware: number;
  readonly address: number;
}

/** One attack under way. `due` is called again and again with the seconds since it began. */
export interface Attacker {
  due(seconds: number): void;
  hear?(view: DataView, start: number, end: number): void;
  /** Leases that it got. */
  readonly leased?: number;
}

/** The nth address that nobody has: of single stations, and of no pattern. */
export function invented(number: number): number {
  return INVENTED + (Math.imul(number + 1, 0x9e37_79b1) >>> 0);
}

/** From a client without an address to all. */
export function fromNobody(hardware: number, source: FrameSource): Envelope {
  return { hardware: source === 'own' ? OWN : hardware, source: 0 };
}

/** DHCPDISCOVERs with ever new chaddr. */
export function discovers(card: Card, { rate, source, most }: Attack & { kind: 'discovers' }): Attacker {
  const limit = most ?? Number.POSITIVE_INFINITY;
  return atRate(rate, limit, (number) => {
    const hardware = invented(number);
    card.message(fromNobody(hardware, source), (view, at) => {
      putDiscover(view, at, number, hardware);
    });
  });
}

/** DHCPREQUESTs with ever new chaddr. */
export function requests(card: Card, { as, rate }: Attack & { kind: 'requests' }, server: Server): Attacker {
  const [first, last] = [ipv4FromText(PLAN.pool.first) ?? 0, ipv4FromText(PLAN.pool.last) ?? 0];
  return atRate(rate, Number.POSITIVE_INFINITY, (number) => {
    const hardware = invented(number);
    const address = first + (number % (last - first + 1));
    const source = as === 'SELECTING' ? 0 : address;
    const envelope = as === 'RENEWING' ? { hardware, source, server } : { hardware, source };
    card.message(envelope, (view, at) => {
      if (as === 'SELECTING') putSelecting(view, at, number, hardware, address, server.address);
      else putRenewing(view, at, number, hardware, address);
    });
  });
}

/** Sends the messages 0, 1, 2, ... at a rate, up to a limit. */
function atRate(rate: number, limit: number, send: (number: number) => void): Attacker {
  let count = 0;
  return {
    due(seconds) {
      // After a pause of this process it does not send all at once.
      const end = Math.min(seconds * rate, count + Math.max(1, rate / 20), limit);
      for (; count < end; count += 1) send(count);
    },
  };
}

/** DHCPREQUESTs for every address, at once, as of clients that have chosen another gateway. */
export function claims(card: Card, { answersArp }: Attack & { kind: 'claims' }): Attacker {
  const [first, last] = [ipv4FromText(PLAN.pool.first) ?? 0, ipv4FromText(PLAN.pool.last) ?? 0];
  const gateway = ipv4FromText(INVENTED_GATEWAY) ?? 0;
  let isDone = false;
  return {
    due() {
      if (isDone) return;
      isDone = true;
      for (let address = first; address <= last; address += 1) {
        const hardware = invented(address);
        card.message(fromNobody(hardware, 'chaddr'), (view, at) => {
          putSelecting(view, at, address, hardware, address, gateway);
        });
      }
    },
    hear(view, start, end) {
      if (answersArp && askedBy(view, start, end) === gateway) card.frame(arpAnswer(view, start, OWN));
    },
  };
}

/** Answers all that asks whether an address is in use. */
export function liar(card: Card, { as }: Attack & { kind: 'liar' }, server: Server): Attacker {
  let count = 0;
  return {
    due() {},
    hear(view, start, end) {
      if (askedBy(view, start, end) !== undefined) {
        if (hardwareAt(view, start + 22) !== server.hardware) return;
        card.frame(arpAnswer(view, start, as === 'one' ? OWN : invented(count)));
        count += 1;
        return;
      }
      const reply = echoReply(view, start, end);
      if (reply !== undefined) card.frame(reply);
    },
  };
}

/** DHCPDECLINE and DHCPRELEASE of each known guest, once a second. */
export function ends(
  card: Card,
  { source }: Attack & { kind: 'ends' },
  known: readonly Holding[],
  server: Server,
): Attacker {
  let rounds = 0;
  return {
    due(seconds) {
      if (seconds < rounds) return;
      rounds += 1;
      for (const [index, { hardware, address }] of known.entries()) {
        const xid = rounds * 1000 + index;
        card.message(fromNobody(hardware, source), (view, at) => {
          putDecline(view, at, xid, hardware, address, server.address);
        });
        card.message({ hardware: source === 'own' ? OWN : hardware, source: address, server }, (view, at) => {
          putRelease(view, at, xid, hardware, address, server.address);
        });
      }
    },
  };
}
