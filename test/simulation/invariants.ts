import { optionOf } from '../support/conversation.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Keeping } from './keeping.ts';
import type { Way } from './way.ts';

/** From a decision to the leaving of its reply it takes at most: milliseconds. */
const UNDER_WAY = 8000;
const ACK = 5;

/** What must hold at every step, whatever the gateways share; looks at the guests and at what is durable. */
export class Invariants {
  readonly #way: Way;
  readonly #guests: () => readonly SimulatedGuest[];
  readonly #fault: (text: string) => void;

  constructor(way: Way, guests: () => readonly SimulatedGuest[], fault: (text: string) => void) {
    this.#way = way;
    this.#guests = guests;
    this.#fault = fault;
  }

  /** RFC 2131 §3.1 (4): what an ACK promises is durable, for this client and for so long. */
  checkReply({ address: server }: Gateway, keeping: Keeping | undefined, bytes: Uint8Array): void {
    if (optionOf(bytes, 53)?.[0] !== ACK) return;
    const seconds = (optionOf(bytes, 51) ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
    const address = [...bytes.subarray(16, 20)].join('.');
    const mac = Buffer.from(bytes).readUIntBE(28, 6);
    if (keeping?.isDurable(address, mac, seconds * 1000 - UNDER_WAY) !== true)
      this.#fault(`not durable: ACK of ${address} to ${mac.toString(16)} for ${seconds} s by ${server}`);
  }

  /** No address for two, by the guests' own reckoning. */
  checkBound(guest: SimulatedGuest): void {
    for (const other of this.#guests()) {
      if (other === guest || other.address !== guest.address || !other.holds) continue;
      if (guest.lateReleases.isUnseen || other.lateReleases.isUnseen) continue;
      this.#way.shared(guest, other);
    }
  }
}
