import { isReadable, utf8Text } from './readable-text.ts';

/** RFC 4702 §2.1: the bits of the flags octet. */
const S = 1;
const O = 2;
const E = 4;
const N = 8;
/** RFC 4702 §2: flags, RCODE1, RCODE2, name. */
const NAME = 3;
/** RFC 1035 §2.3.4: octets of a label, and of a whole name with its lengths. */
const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
/** RFC 952 §1, with the underscore that names of services have; and letters of other scripts, as UTF-8. */
const LABEL = /^(?!-)[\w\u0080-\u{10ffff}-]+(?<!-)$/u;
const BLANK = /\s/;

/** The value of option 81: the client's name, and who updates its DNS records. */
export interface ClientFqdn {
  /** RFC 4702 §2.1, S: the server is to update the name's address record. */
  readonly serverUpdates: boolean;
  /** O: the server has done otherwise than the client wished. */
  readonly overridden: boolean;
  /** N: the server is to update nothing. */
  readonly noUpdates: boolean;
  /** Without a trailing dot, perhaps in UTF-8; undefined if there is none, or one that no host has. */
  readonly name: string | undefined;
  /** False for a name of one label, or a partial name, which does not end with the root. */
  readonly isComplete: boolean;
  /** E: the name is in DNS wire form; else ASCII, the deprecated form. */
  readonly isWireForm: boolean;
}

/**
 * RFC 4702 §2: the value of option 81; undefined if it is too short. Printers set E and send ASCII all the same, and what
 * one form cannot read the other can: no name begins with a length and is ASCII text as well.
 */
export function clientFqdnOf(value: Uint8Array): ClientFqdn | undefined {
  if (value.length < NAME) return undefined;
  const flags = value[0] ?? 0;
  const octets = value.subarray(NAME);
  const forms = (flags & E) !== 0 ? [wireName, textName] : [textName, wireName];
  const found = forms.map((read) => read(octets)).find((name) => name !== undefined && isHostName(name.text));
  return {
    serverUpdates: (flags & S) !== 0,
    overridden: (flags & O) !== 0,
    noUpdates: (flags & N) !== 0,
    name: found?.text,
    isComplete: found?.isComplete ?? false,
    isWireForm: (flags & E) !== 0,
  };
}

/** RFC 4702 §2.2: what a server has in the two fields of result codes, which nobody reads any more. */
const NO_RESULT = 255;

/**
 * The value of option 81 in a reply of a server that updates no DNS records. RFC 4702 §2.1: N says so; S, which would
 * mean that it updates the address record, is 0 then; O says whether S is otherwise than the client sent it; E is as the client
 * sent it, and so is the form of the name.
 *
 * @param name Undefined: the server has none for it, and the field stays empty.
 * @param domain Put behind a name that is not complete, if both together are no longer than a name may be.
 */
export function fqdnValue(
  { serverUpdates, isWireForm }: Pick<ClientFqdn, 'serverUpdates' | 'isWireForm'>,
  name: Pick<ClientFqdn, 'name' | 'isComplete'>,
  domain: string | undefined,
): Uint8Array {
  const flags = N | (serverUpdates ? O : 0) | (isWireForm ? E : 0);
  const head = [flags, NO_RESULT, NO_RESULT];
  if (name.name === undefined) return Uint8Array.from(head);
  const longer = name.isComplete || domain === undefined ? undefined : `${name.name}.${domain}`;
  const isLonger = longer !== undefined && isHostName(longer);
  const text = isLonger ? longer : name.name;
  if (!isWireForm) return Uint8Array.from([...head, ...Buffer.from(text)]);
  const labels = text.split('.').flatMap((label) => {
    const octets = Buffer.from(label);
    return [octets.length, ...octets];
  });
  // RFC 4702 §2.3: without the root's zero it is a partial name.
  return Uint8Array.from([...head, ...labels, ...(isLonger || name.isComplete ? [0] : [])]);
}

interface ReadName {
  readonly text: string;
  readonly isComplete: boolean;
}

/** RFC 4702 §2.3.1: in RFC 1035 §3.1 form without compression; without the root's zero at the end it is a partial name. */
function wireName(octets: Uint8Array): ReadName | undefined {
  const labels: string[] = [];
  let at = 0;
  while (at < octets.length) {
    const length = octets[at] ?? 0;
    if (length === 0) break;
    const end = at + 1 + length;
    if (length > LONGEST_LABEL || end > octets.length) return undefined;
    const label = utf8Text(octets.subarray(at + 1, end));
    if (label === undefined) return undefined;
    labels.push(label);
    at = end;
  }
  return { text: labels.join('.'), isComplete: at < octets.length && labels.length > 1 };
}

/** RFC 4702 §2.3.1: the deprecated form, ASCII text. */
function textName(octets: Uint8Array): ReadName | undefined {
  let end = octets.length;
  while (end > 0 && octets[end - 1] === 0) end -= 1;
  const text = utf8Text(octets.subarray(0, end))?.replace(/\.$/, '');
  return text === undefined ? undefined : { text, isComplete: text.includes('.') };
}

/** With a length before each label and the root's at the end, a name takes two octets more than its text. */
function isHostName(text: string): boolean {
  if (octetsOf(text) + 2 > LONGEST_NAME || BLANK.test(text) || !isReadable(text)) return false;
  return text.split('.').every((label) => octetsOf(label) <= LONGEST_LABEL && LABEL.test(label));
}

function octetsOf(text: string): number {
  return Buffer.byteLength(text);
}
