import { isDomainName } from './domain-names.ts';

/** RFC 4702 §2.1: the bits of the flags octet. */
const S = 1;
const O = 2;
const E = 4;
const N = 8;
/** RFC 4702 §2: flags, RCODE1, RCODE2, name. */
const NAME = 3;

/** What a client says of its name in option 81. */
export interface ClientFqdn {
  /** RFC 4702 §2.1, S: the server is to update the name's address record. */
  readonly serverUpdates: boolean;
  /** O: the server has done otherwise than the client wished. */
  readonly overridden: boolean;
  /** N: the server is to update nothing. */
  readonly noUpdates: boolean;
  /** Without a trailing dot; undefined if there is none, or one that no host has. */
  readonly name: string | undefined;
  /** False for a name of one part, or one whose end was not said. */
  readonly isComplete: boolean;
}

/** RFC 4702 §2: the value of option 81; undefined if it is too short. */
export function clientFqdnOf(value: Uint8Array): ClientFqdn | undefined {
  if (value.length < NAME) return undefined;
  const flags = value[0] ?? 0;
  const { text, isComplete } = (flags & E) !== 0 ? wireName(value) : asciiName(value);
  const isName = text !== undefined && isDomainName(text);
  return {
    serverUpdates: (flags & S) !== 0,
    overridden: (flags & O) !== 0,
    noUpdates: (flags & N) !== 0,
    name: isName ? text : undefined,
    isComplete: isName && isComplete,
  };
}

interface ReadName {
  readonly text: string | undefined;
  readonly isComplete: boolean;
}

/** RFC 4702 §2.3.1: in RFC 1035 §3.1 form without compression; without the root's zero at the end it is a partial name. */
function wireName(value: Uint8Array): ReadName {
  const labels: string[] = [];
  let at = NAME;
  while (at < value.length) {
    const length = value[at] ?? 0;
    if (length === 0) break;
    const end = at + 1 + length;
    if (length > 63 || end > value.length) return { text: undefined, isComplete: false };
    labels.push(String.fromCharCode(...value.subarray(at + 1, end)));
    at = end;
  }
  return { text: labels.join('.'), isComplete: at < value.length && labels.length > 1 };
}

/** RFC 4702 §2.3.1: the deprecated form, ASCII text. */
function asciiName(value: Uint8Array): ReadName {
  let end = value.length;
  while (end > NAME && value[end - 1] === 0) end -= 1;
  const text = String.fromCharCode(...value.subarray(NAME, end)).replace(/\.$/, '');
  return { text, isComplete: text.includes('.') };
}
