import { type HardwareAddress, hardwareAt, NO_HARDWARE } from '../net/hardware-address.ts';
import { canBeHost, type Ipv4, ipv4 } from '../net/ipv4.ts';
import * as at from './layout.ts';
import type { OptionFields } from './option-fields.ts';
import { readableName } from './readable-text.ts';
import { type RelayAgent, relayAgentOf } from './relay-agent.ts';

/** RFC 2132 §9.6, in the order of their codes from 1; 'unknown': another code. */
export type MessageType =
  | 'DHCPDISCOVER'
  | 'DHCPOFFER'
  | 'DHCPREQUEST'
  | 'DHCPDECLINE'
  | 'DHCPACK'
  | 'DHCPNAK'
  | 'DHCPRELEASE'
  | 'DHCPINFORM'
  | 'unknown';

/** By their codes. */
export const MESSAGE_TYPES: readonly MessageType[] = [
  'unknown',
  'DHCPDISCOVER',
  'DHCPOFFER',
  'DHCPREQUEST',
  'DHCPDECLINE',
  'DHCPACK',
  'DHCPNAK',
  'DHCPRELEASE',
  'DHCPINFORM',
];

/**
 * A view of one message in the bytes that received it. `decode` makes it and has checked every length, so no member throws or
 * reads outside [offset, offset + length). It is valid until those bytes are overwritten: copy what must live longer.
 * An option whose length is wrong for its type reads as absent.
 */
export class Message {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly offset: number;
  /** The length of the message in octets, header included. */
  readonly length: number;
  /** RFC 1534 §2: undefined for a message of a BOOTP client, which has no option 53. */
  readonly type: MessageType | undefined;
  /** undefined for a BOOTP message without a vendor field. */
  readonly #options: OptionFields | undefined;

  /** Only `decode` calls it, after it has checked the message. */
  constructor(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    options: OptionFields | undefined,
    typeCode: number | undefined,
  ) {
    this.bytes = bytes;
    this.view = view;
    this.offset = offset;
    this.length = length;
    this.#options = options;
    this.type = typeCode === undefined ? undefined : (MESSAGE_TYPES[typeCode] ?? 'unknown');
  }

  get ok(): true {
    return true;
  }

  get op(): number {
    return this.view.getUint8(this.offset + at.OP);
  }

  get htype(): number {
    return this.view.getUint8(this.offset + at.HTYPE);
  }

  /** How many bytes of chaddr are used: 0 to 16. */
  get hlen(): number {
    return this.view.getUint8(this.offset + at.HLEN);
  }

  get hops(): number {
    return this.view.getUint8(this.offset + at.HOPS);
  }

  get xid(): number {
    return this.view.getUint32(this.offset + at.XID);
  }

  /** The `secs` field: seconds since the client began, as it claims. */
  get secs(): number {
    return this.view.getUint16(this.offset + at.SECS);
  }

  get flags(): number {
    return this.view.getUint16(this.offset + at.FLAGS);
  }

  get ciaddr(): Ipv4 {
    return ipv4(this.view.getUint32(this.offset + at.CIADDR));
  }

  get yiaddr(): Ipv4 {
    return ipv4(this.view.getUint32(this.offset + at.YIADDR));
  }

  get siaddr(): Ipv4 {
    return ipv4(this.view.getUint32(this.offset + at.SIADDR));
  }

  get giaddr(): Ipv4 {
    return ipv4(this.view.getUint32(this.offset + at.GIADDR));
  }

  /** chaddr, if it is an Ethernet address (htype 1, hlen 6). */
  get hardware(): HardwareAddress {
    return this.htype === 1 && this.hlen === 6 ? hardwareAt(this.view, this.offset + at.CHADDR) : NO_HARDWARE;
  }

  /** RFC 2132 §9.1. */
  get requestedAddress(): Ipv4 | undefined {
    return this.#address(50);
  }

  /**
   * RFC 2132 §9.7. undefined also for an address that no server has: some clients (MirageOS before 2026-07) copy siaddr,
   * which is 0.0.0.0 from a server that offers no boot file.
   */
  get serverIdentifier(): Ipv4 | undefined {
    const address = this.#address(54);
    return address === undefined || !canBeHost(address) ? undefined : address;
  }

  /** RFC 2132 §9.2: in seconds; 0xffffffff: without end. */
  get leaseTime(): number | undefined {
    return this.#options?.unsigned(51, 4);
  }

  /** RFC 2132 §9.10: in octets, IP and UDP headers included, as the client sent it: it may be below 576, the least legal value. */
  get maximumSize(): number | undefined {
    return this.#options?.unsigned(57, 2);
  }

  /**
   * RFC 2132 §3.14, as readable text: trailing NULs cut, `?` for what cannot be read. Undefined if nothing is left, or for
   * more than 255 octets.
   */
  get hostName(): string | undefined {
    const value = this.raw(12);
    return value === undefined ? undefined : readableName(value);
  }

  /** RFC 2132 §9.8: option codes in the client's order. */
  get parameterRequestList(): Uint8Array | undefined {
    return this.raw(55);
  }

  /** RFC 3011 §2. */
  get subnetSelection(): Ipv4 | undefined {
    return this.#address(118);
  }

  /** RFC 3046 §2.0. */
  get relayAgent(): RelayAgent | undefined {
    const value = this.raw(82);
    return value === undefined ? undefined : relayAgentOf(value);
  }

  /** True if an option reached beyond the end of its field; the ones before it can be read. */
  get isTruncated(): boolean {
    return this.#options?.isTruncated ?? false;
  }

  /** True if the option is there, even with an empty value. */
  has(code: number): boolean {
    return this.#options?.has(code) ?? false;
  }

  /** An option's value, with the parts of a split one joined (RFC 3396 §7); a repetition adds nothing. */
  raw(code: number): Uint8Array | undefined {
    return this.#options?.raw(code);
  }

  /** The codes of all options in the order of reading (RFC 2131 §4.1); a split option's occurs more than once. */
  codes(): number[] {
    return this.#options?.codes() ?? [];
  }

  #address(code: number): Ipv4 | undefined {
    const value = this.#options?.unsigned(code, 4);
    return value === undefined ? undefined : ipv4(value);
  }
}
