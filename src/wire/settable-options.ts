/**
 * The options that no setting and no reservation may have, and who makes them: RFC 2131 §4.3.1, table 3, and the document of
 * each option.
 */
const MADE_BY_SERVER: ReadonlySet<number> = new Set([1, 52, 53, 54, 56, 61, 80, 81, 82, 118]);
/** RFC 2132 §9, RFC 3004, RFC 4388, RFC 4578: what clients and relay agents alone say. */
const SENT_BY_CLIENTS: ReadonlySet<number> = new Set([50, 55, 57, 77, 91, 92, 93, 94, 97]);
/** RFC 3118 and RFC 6704: they need keys, which this server does not have. RFC 6926 and others: queries for leases. */
const NOT_SPOKEN: ReadonlySet<number> = new Set([90, 145, 151, 152, 153, 154, 155, 156, 157, 220, 221]);

/** Why an option cannot be set; undefined: it can. */
export function whyNotSettable(code: number): string | undefined {
  if (MADE_BY_SERVER.has(code)) return 'is made by the server itself';
  if (SENT_BY_CLIENTS.has(code)) return 'is sent by clients only';
  if (NOT_SPOKEN.has(code)) return 'is of a protocol that this server does not speak';
  return undefined;
}
