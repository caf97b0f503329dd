import type { MacList } from '../net/mac-list.ts';
import type { Message } from '../wire/message.ts';
import type { RelayAgent } from '../wire/relay-agent.ts';
import { isMatch, type OctetPattern } from './octet-pattern.ts';
import type { OwnTerms } from './own-terms.ts';

const VENDOR_CLASS = 60;
const USER_CLASS = 77;
const ARCHITECTURE = 93;

/** What a client must show to be of a class: all that is there, each by one of its values. */
export interface ClassMatch {
  /** RFC 2132 §9.13. */
  readonly vendorClass?: readonly OctetPattern[];
  /** RFC 3004 §4. */
  readonly userClass?: readonly OctetPattern[];
  /** RFC 4578 §2.1. */
  readonly architectures?: ReadonlySet<number>;
  /** RFC 3046 §3.1. */
  readonly circuitId?: readonly OctetPattern[];
  /** RFC 3046 §3.2. */
  readonly remoteId?: readonly OctetPattern[];
  readonly macs?: MacList;
}

/** Clients that are treated alike, and how. */
export interface ClientClass {
  readonly name: string;
  readonly match: ClassMatch;
  /** never: they get no answer. always: they do, whatever a later class says. Undefined: the later ones say it. */
  readonly answer: 'never' | 'always' | undefined;
  readonly terms: OwnTerms;
}

/** What classes ask of one message. Each option is looked up once, and only if some class asks for it. */
export class ClassFacts {
  readonly #message: Message;
  #vendorClass: Uint8Array | undefined | null = null;
  #userClass: Uint8Array | undefined | null = null;
  #architecture: Uint8Array | undefined | null = null;
  #relayAgent: RelayAgent | undefined | null = null;

  constructor(message: Message) {
    this.#message = message;
  }

  isIn({ match }: ClientClass): boolean {
    const { vendorClass, userClass, architectures, circuitId, remoteId, macs } = match;
    if (macs !== undefined && !macs.has(this.#message.hardware)) return false;
    if (vendorClass !== undefined && !isText(vendorClass, this.vendorClass)) return false;
    if (architectures !== undefined && !hasArchitecture(this.architecture, architectures)) return false;
    if (userClass !== undefined && !isUserClass(userClass, this.userClass)) return false;
    if (circuitId !== undefined && !isOneOf(circuitId, this.relayAgent?.circuitId)) return false;
    return remoteId === undefined || isOneOf(remoteId, this.relayAgent?.remoteId);
  }

  get vendorClass(): Uint8Array | undefined {
    if (this.#vendorClass === null) this.#vendorClass = this.#message.raw(VENDOR_CLASS);
    return this.#vendorClass;
  }

  get userClass(): Uint8Array | undefined {
    if (this.#userClass === null) this.#userClass = this.#message.raw(USER_CLASS);
    return this.#userClass;
  }

  get architecture(): Uint8Array | undefined {
    if (this.#architecture === null) this.#architecture = this.#message.raw(ARCHITECTURE);
    return this.#architecture;
  }

  get relayAgent(): RelayAgent | undefined {
    if (this.#relayAgent === null) this.#relayAgent = this.#message.relayAgent;
    return this.#relayAgent;
  }
}

/** RFC 4578 §2.1: a client may name several architectures. */
function hasArchitecture(value: Uint8Array | undefined, wanted: ReadonlySet<number>): boolean {
  if (value === undefined) return false;
  for (let at = 0; at + 2 <= value.length; at += 2)
    if (wanted.has((value[at] ?? 0) * 256 + (value[at + 1] ?? 0))) return true;
  return false;
}

/**
 * RFC 3004 §4: classes, each with its length before it. Deviates from RFC 3004 §4: what is not of this form is one class as it
 * stands; so iPXE, Windows and dhclient send it.
 */
export function isUserClass(patterns: readonly OctetPattern[], value: Uint8Array | undefined): boolean {
  if (value === undefined) return false;
  if (!isListOfClasses(value)) return isText(patterns, value);
  for (let at = 0; at < value.length; at += 1 + (value[at] ?? 0))
    if (patterns.some((pattern) => isMatch(pattern, value, at + 1, at + 1 + (value[at] ?? 0)))) return true;
  return false;
}

function isListOfClasses(value: Uint8Array): boolean {
  let at = 0;
  while (at < value.length) {
    const length = value[at] ?? 0;
    if (length === 0) return false;
    at += 1 + length;
  }
  return at === value.length && at > 0;
}

/** RFC 2132 §2: NULs at the end of a text do not count. */
export function isText(patterns: readonly OctetPattern[], value: Uint8Array | undefined): boolean {
  if (value === undefined) return false;
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  return patterns.some((pattern) => isMatch(pattern, value, 0, end));
}

function isOneOf(patterns: readonly OctetPattern[], value: Uint8Array | undefined): boolean {
  return value !== undefined && patterns.some((pattern) => isMatch(pattern, value, 0, value.length));
}
