import type { ClientKey } from '../lease/client-key.ts';
import type { Log } from '../log/log.ts';
import { hardwareToText } from '../net/hardware-address.ts';
import type { Message } from '../wire/message.ts';
import { readableName } from '../wire/readable-text.ts';

const HOST_NAME = 12;
/** Names that come by turns within this time are of machines that are on at the same time: milliseconds. */
const WINDOW = 600_000;
/** How often the name has to be another one than before: a machine that is renamed, or boots in stages, does so less often. */
const CHANGES = 3;
/** Between two warnings, whichever clients they are about: milliseconds. */
const INTERVAL = 60_000;
/** Clients that are remembered; the one whose name is the same for longest is forgotten first. */
const CLIENT_LIMIT = 1024;

const REMEDY =
  'give one of these machines another MAC (qm set <vmid> -net0 virtio,bridge=... makes a new one): they are one client to DHCP, and share one address';

/** The two names that a client had last, and when it changed between them. */
interface Names {
  last: Uint8Array;
  other: Uint8Array | undefined;
  changes: number;
  since: number;
  isSaid: boolean;
}

/**
 * Clones that kept the MAC of their template cannot be told apart by DHCP: they get one address. All that shows them is
 * that one client's host name (option 12) changes to and fro; that is said, once.
 */
export class NameWatch {
  readonly #log: Log;
  readonly #monotonic: () => number;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** The client whose name has changed last, or that has come last, at the end. */
  readonly #names = new Map<ClientKey, Names>();

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  /** A client that was answered. */
  note(message: Message, client: ClientKey): void {
    const name = message.raw(HOST_NAME);
    if (name === undefined || name.length === 0) return;
    const names = this.#names.get(client);
    if (names === undefined) this.#begin(client, name);
    else if (!isSame(names.last, name)) {
      // Only then: a Map whose keys go and come with every answer makes itself anew all the time.
      this.#names.delete(client);
      this.#names.set(client, names);
      this.#change(names, name, message, client);
    }
  }

  #begin(client: ClientKey, name: Uint8Array): void {
    const names = { last: name.slice(), other: undefined, changes: 0, since: 0, isSaid: false };
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
    if (names.changes < CHANGES || names.isSaid || monotonic - this.#saidAt < INTERVAL) return;
    names.isSaid = true;
    this.#saidAt = monotonic;
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
