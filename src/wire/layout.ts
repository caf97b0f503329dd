/** RFC 2131 §2, figure 1: where the fields of the fixed header are, in bytes from its first. */
export const OP = 0;
export const HTYPE = 1;
export const HLEN = 2;
export const HOPS = 3;
export const XID = 4;
export const SECS = 8;
export const FLAGS = 10;
export const CIADDR = 12;
export const YIADDR = 16;
export const SIADDR = 20;
export const GIADDR = 24;
export const CHADDR = 28;
export const SNAME = 44;
export const FILE = 108;
/** RFC 2131 §3: 99, 130, 83, 99. */
export const COOKIE = 236;
export const OPTIONS_OFFSET = 240;

export const CHADDR_BYTES = 16;
export const SNAME_BYTES = 64;
export const FILE_BYTES = 128;
export const MAGIC_COOKIE = 0x63825363;
export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
/** RFC 2131 §2, figure 2: the one bit of `flags` that has a meaning. */
export const BROADCAST_FLAG = 0x8000;
/** RFC 2132 §2: the longest value that one length byte can tell. */
export const LONGEST_PART = 255;
