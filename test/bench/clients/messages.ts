/**
 * The clients' messages, byte by byte from RFC 2131 §2, figure 1. Nothing here is shared with src/wire, so that a
 * mistake there is not measured as speed.
 */
export const MESSAGE_BYTES = 300;

export const DISCOVER = 1;
export const OFFER = 2;
export const REQUEST = 3;
export const ACK = 5;
export const NAK = 6;
const DECLINE = 4;
const RELEASE = 7;

/** Offsets. */
const XID = 4;
const SECS = 8;
const CIADDR = 12;
const YIADDR = 16;
const GIADDR = 24;
const CHADDR = 28;
const COOKIE = 236;
const TYPE = 242;
const IDENTIFIER = 246; // The hardware address in option 61.
const TAIL = 266; // Behind option 55: END, or 50, 54 and END.
const OPTIONS = 240;

/** What a Linux client asks for: mask, router, name servers, domain, MTU, broadcast address, lease time, server, T1, T2. */
const ASKED = [1, 3, 6, 15, 26, 28, 51, 54, 58, 59, 12, 42];

/** Writes all that no message changes. `giaddr` 0: the clients are on the segment. */
export function putTemplate(view: DataView, at: number, giaddr: number): void {
  for (let index = 0; index < MESSAGE_BYTES; index += 1) view.setUint8(at + index, 0);
  view.setUint8(at, 1); // BOOTREQUEST
  view.setUint8(at + 1, 1); // Ethernet
  view.setUint8(at + 2, 6);
  view.setUint8(at + 3, giaddr === 0 ? 0 : 1); // hops
  view.setUint32(at + GIADDR, giaddr);
  view.setUint32(at + COOKIE, 0x63825363);
  const options = [53, 1, 0, 61, 7, 1, 0, 0, 0, 0, 0, 0, 55, ASKED.length, ...ASKED];
  for (const [index, byte] of options.entries()) view.setUint8(at + OPTIONS + index, byte);
}

export function putDiscover(view: DataView, at: number, xid: number, hardware: number): void {
  putClient(view, at, xid, hardware, 0);
  view.setUint8(at + TYPE, DISCOVER);
  view.setUint8(at + TAIL, 255);
}

/** RFC 2131 §4.3.2: the DHCPREQUEST of a client that has chosen an offer. */
export function putSelecting(
  view: DataView,
  at: number,
  xid: number,
  hardware: number,
  address: number,
  server: number,
): void {
  putClient(view, at, xid, hardware, 0);
  view.setUint8(at + TYPE, REQUEST);
  view.setUint16(at + TAIL, (50 << 8) | 4);
  view.setUint32(at + TAIL + 2, address);
  view.setUint16(at + TAIL + 6, (54 << 8) | 4);
  view.setUint32(at + TAIL + 8, server);
  view.setUint8(at + TAIL + 12, 255);
}

/** RFC 2131 §4.3.2: the DHCPREQUEST of a client that renews. */
export function putRenewing(
  view: DataView,
  at: number,
  xid: number,
  hardware: number,
  address: number,
): void {
  putClient(view, at, xid, hardware, address);
  view.setUint8(at + TYPE, REQUEST);
  view.setUint8(at + TAIL, 255);
}

/** RFC 2131 §4.3.2, INIT-REBOOT. */
export function putRebooting(
  view: DataView,
  at: number,
  xid: number,
  hardware: number,
  address: number,
): void {
  putClient(view, at, xid, hardware, 0);
  view.setUint8(at + TYPE, REQUEST);
  view.setUint16(at + TAIL, (50 << 8) | 4);
  view.setUint32(at + TAIL + 2, address);
  view.setUint8(at + TAIL + 6, 255);
}

/** RFC 2131 §4.4.6: the client gives its address back. */
export function putRelease(
  view: DataView,
  at: number,
  xid: number,
  hardware: number,
  address: number,
  server: number,
): void {
  putClient(view, at, xid, hardware, address);
  view.setUint8(at + TYPE, RELEASE);
  view.setUint16(at + TAIL, (54 << 8) | 4);
  view.setUint32(at + TAIL + 2, server);
  view.setUint8(at + TAIL + 6, 255);
}

/** RFC 2131 §3.1 (5): the client has found another machine at its address. */
export function putDecline(
  view: DataView,
  at: number,
  xid: number,
  hardware: number,
  address: number,
  server: number,
): void {
  putSelecting(view, at, xid, hardware, address, server);
  view.setUint8(at + TYPE, DECLINE);
}

/** Another client identifier than the hardware address, for the message that was written last. */
export function putIdentifier(view: DataView, at: number, number: number): void {
  view.setUint16(at + IDENTIFIER, 0);
  view.setUint32(at + IDENTIFIER + 2, number);
}

/** Seconds since the client began, for the message that was written last. */
export function putSecs(view: DataView, at: number, secs: number): void {
  view.setUint16(at + SECS, secs);
}

function putClient(view: DataView, at: number, xid: number, hardware: number, ciaddr: number): void {
  const high = Math.floor(hardware / 0x1_0000_0000);
  const low = hardware % 0x1_0000_0000;
  view.setUint32(at + XID, xid);
  view.setUint16(at + SECS, 0);
  view.setUint32(at + CIADDR, ciaddr);
  view.setUint16(at + CHADDR, high);
  view.setUint32(at + CHADDR + 2, low);
  view.setUint16(at + IDENTIFIER, high);
  view.setUint32(at + IDENTIFIER + 2, low);
}

/** What the clients read of a reply. */
export class ReplyReader {
  xid = 0;
  /** 0: none, or no reply. */
  type = 0;
  yiaddr = 0;
  /** 0: none. */
  server = 0;

  /** Reads the message at [at, end). */
  read(view: DataView, at: number, end: number): void {
    this.type = 0;
    this.server = 0;
    if (end - at < OPTIONS || view.getUint8(at) !== 2) return;
    this.xid = view.getUint32(at + XID);
    this.yiaddr = view.getUint32(at + YIADDR);
    let next = at + OPTIONS;
    while (next + 1 < end) {
      const code = view.getUint8(next);
      if (code === 255) return;
      if (code === 0) {
        next += 1;
        continue;
      }
      const length = view.getUint8(next + 1);
      if (next + 2 + length > end) return;
      if (code === 53 && length === 1) this.type = view.getUint8(next + 2);
      else if (code === 54 && length === 4) this.server = view.getUint32(next + 2);
      if (this.type !== 0 && this.server !== 0) return;
      next += 2 + length;
    }
  }
}

/** For an echo: what came is what was sent. */
export function xidOf(view: DataView, at: number): number {
  return view.getUint32(at + XID);
}
