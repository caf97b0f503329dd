import { addressText } from './frames.ts';
import type { HeardReply } from './heard-reply.ts';
import { messageType } from './packet.ts';
import { type RawClient, selecting, serverOf } from './raw-client.ts';

const NAK = 6;

/** Guests that boot at once, and begin again when they are refused or hear nothing. */
export class Storm {
  /** DHCPNAKs of the server that the guest had chosen. */
  refusals = 0;
  /** Answers to a DHCPREQUEST by a server that it did not name. */
  readonly strangers: HeardReply[] = [];
  readonly #client: RawClient;
  readonly #attempts: number;

  constructor(client: RawClient, attempts = 20) {
    this.#client = client;
    this.#attempts = attempts;
  }

  /** The DHCPACKs of all that got one. Each answers ARP for its address from then on. */
  async boot(guests: readonly string[]): Promise<readonly HeardReply[]> {
    const acks = await Promise.all(guests.map((chaddr) => this.#boot(chaddr)));
    return acks.filter((ack) => ack !== undefined);
  }

  async #boot(chaddr: string): Promise<HeardReply | undefined> {
    const begin = Date.now();
    for (let attempt = 0; attempt < this.#attempts; attempt += 1) {
      const secs = Math.floor((Date.now() - begin) / 1000);
      const discover = { chaddr, secs, options: [messageType('DHCPDISCOVER')] };
      const offer = await this.#client.ask(discover).catch(() => undefined);
      if (offer?.type !== 2) continue;
      const reply = await this.#select(offer);
      if (reply?.type !== 5) continue;
      this.#client.holds.set(reply.yiaddr, chaddr);
      return reply;
    }
    return undefined;
  }

  /** The answer of the chosen server. */
  async #select(offer: HeardReply): Promise<HeardReply | undefined> {
    const xid = this.#client.newXid();
    const answer = this.#client.reply(xid).catch(() => undefined);
    this.#client.send({ ...selecting(offer), xid });
    await answer;
    const chosen = addressText(serverOf(offer), 0);
    const isChosen = (reply: HeardReply) => addressText(serverOf(reply), 0) === chosen;
    const heard = this.#client.heardFor(xid);
    this.strangers.push(...heard.filter((reply) => !isChosen(reply)));
    const own = heard.find(isChosen) ?? (await this.#later(xid, isChosen));
    if (own?.type === NAK) this.refusals += 1;
    return own;
  }

  /** What the chosen server says after another one was faster. */
  async #later(xid: number, isChosen: (reply: HeardReply) => boolean): Promise<HeardReply | undefined> {
    await this.#client.reply(xid, 1000).catch(() => undefined);
    return this.#client.heardFor(xid).find(isChosen);
  }
}

/** Addresses that more than one guest was given. */
export function heldTwice(acks: readonly HeardReply[]): readonly string[] {
  const owners = new Map<string, string>();
  const twice = new Set<string>();
  for (const { yiaddr, chaddr } of acks) {
    const owner = owners.get(yiaddr);
    if (owner !== undefined && owner !== chaddr) twice.add(yiaddr);
    owners.set(yiaddr, chaddr);
  }
  return [...twice];
}
