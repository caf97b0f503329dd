import type { ClientKey } from '../lease/client-key.ts';
import type { Log } from '../log/log.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import type { Message } from '../wire/message.ts';
import { readableName } from '../wire/readable-text.ts';

const HOST_NAME = 12;
/** Names that alternate within this time belong to machines that run at the same time: milliseconds. */
const WINDOW = 600_000;
/** How often the name must change. The name of one machine changes less often, even if it is renamed or boots in stages. */
const CHANGES = 3;
/** Time between two warnings, about any clients: milliseconds. */
const INTERVAL = 60_000;
/** Clients that are remembered; the one whose name has not changed for longest is forgotten first. */
const CLIENT_LIMIT = 1024;

const REMEDY =
  'give one of these machines another MAC (qm set <vmid> -net0 virtio,bridge=... makes a new one): they are one client to DHCP, and share one address';

/** The last two names of a client. `since`: the first change between them, in monotonic milliseconds. */
interface Names {
  last: Uint8Array;
  other: Uint8Array | undefined;
  changes: number;
  since: number;
  isLogged: boolean;
}

/**
 * Finds clones that kept the MAC of their template. To DHCP they are one client, and they get one address. They show only
 * by the host name (option 12) of that client, which alternates. Logs this once for each client.
 */
export class NameWatch {
  readonly #log: Log;
  readonly #monotonic: () => number;
  #loggedAt = Number.NEGATIVE_INFINITY;
  /** By client. The client with the newest change of its name is last. */
  readonly #names = new Map<ClientKey, Names>();

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  /** Call it for each message that was answered. */
  note(message: Message, client: ClientKey): void {
    const name = message.raw(HOST_NAME);
    if (name === undefined || name.length === 0) return;
    const names = this.#names.get(client);
    if (names === undefined) this.#begin(client, name);
    else if (!isSame(names.last, name)) {
      // Only now: a Map that loses and gains a key with each answer is rebuilt again and again.
      this.#names.delete(client);
      this.#names.set(client, names);
      this.#change(names, name, message, client);
    }
  }

  #begin(client: ClientKey, name: Uint8Array): void {
    const names = { last: name.slice(), other: undefined, changes: 0, since: 0, isLogged: false };
    this.#names.set(client, names);
    if (this.#names.size <= CLIENT_LIMIT) return;
    for (const oldest of this.#names.keys()) {
      this.#names.delete(oldest);
      return;
    }
  }

  #change(names: Names, name: Uint8Array, message: Message, client: ClientKey): void {
    const monotonic = this.#monotonic();
    const isBack = names.other !== undefined && isSame(names.other, name);
    if (!isBack || monotonic - names.since > WINDOW) {
      names.changes = 0;
      names.since = monotonic;
    }
    names.changes += 1;
    names.other = names.last;
    names.last = name.slice();
    if (names.changes < CHANGES || names.isLogged || monotonic - this.#loggedAt < INTERVAL) return;
    names.isLogged = true;
    this.#loggedAt = monotonic;
    const both = [names.other, names.last].map((each) => readableName(each) ?? '').sort();
    const fields = { client, hardware: hardwareToText(message.hardware), names: both, remedy: REMEDY };
    this.#log.warn(fields, 'two machines with different host names seem to have one MAC');
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
