import { type Ipv4, ipv4FromText } from '../../net/ipv4.ts';
import { type Answer, all, any, isSo, not } from './answer.ts';
import { type AskedMessage, DISCOVER, isInNetwork, matchesName, mayBeInRange } from './asked-message.ts';
import { itemsOf, type NftObject, objectOf } from './nft-json.ts';

/** Tells whether the expressions of nft match the message, for the rules of one table. */
export class NftMatcher {
  readonly #asked: AskedMessage;
  readonly #family: string;
  readonly #elementsOf: (set: string) => unknown;

  /**
   * @param family Of the table: ip, inet, netdev or bridge.
   * @param elementsOf The elements of a named set; undefined: there is no such set.
   */
  constructor(asked: AskedMessage, family: string, elementsOf: (set: string) => unknown) {
    this.#asked = asked;
    this.#family = family;
    this.#elementsOf = elementsOf;
  }

  /** The answer of a `match` statement. */
  match({ op, left, right }: NftObject): Answer {
    if (this.#valueOf(left) === 'never') return 'no'; // The message lacks the field, so `!=` does not match either.
    switch (op) {
      case '==':
      case 'in':
        return this.holds(left, right);
      case '!=':
        return not(this.holds(left, right));
      default: {
        const value = this.#valueOf(left);
        return typeof value === 'number' && typeof right === 'number'
          ? compared(String(op), value, right)
          : 'unknown';
      }
    }
  }

  /** Whether a field of the message has a value, or one of a set or range. */
  holds(left: unknown, right: unknown): Answer {
    const { concat } = objectOf(left) ?? {};
    if (Array.isArray(concat)) return this.#holdsAll(concat, right);
    const value = this.#valueOf(left);
    if (value === 'never') return 'no';
    return value === undefined ? 'unknown' : this.#isAmong(value, right);
  }

  /** Several fields at once, `iifname . udp dport`: one element has to hold in all its parts. */
  #holdsAll(fields: readonly unknown[], right: unknown): Answer {
    const elements = this.elements(right) ?? [right];
    return any(
      elements.map((each) => {
        const { concat } = objectOf(objectOf(objectOf(each)?.['elem'])?.['val'] ?? each) ?? {};
        if (!Array.isArray(concat) || concat.length !== fields.length) return 'unknown';
        return all(fields.map((field, index) => this.holds(field, concat[index])));
      }),
    );
  }

  #isAmong(value: Value, right: unknown): Answer {
    const elements = this.elements(right);
    if (elements !== undefined) return any(elements.map((each) => this.#isAmong(value, each)));
    if (typeof right === 'string' && right.startsWith('@')) return 'unknown';
    const { elem, prefix, range } = objectOf(right) ?? {};
    if (elem !== undefined) return this.#isAmong(value, objectOf(elem)?.['val']);
    if (prefix !== undefined) return inPrefix(value, objectOf(prefix) ?? {});
    if (range !== undefined) {
      const [first, last] = itemsOf(range).map(numberOf);
      return mayBeInRange(numberOf(value), first, last);
    }
    return isEqual(value, right);
  }

  /** The elements of a set; undefined: it is no set, or its elements are not known. */
  elements(right: unknown): readonly unknown[] | undefined {
    if (Array.isArray(right)) return right;
    const { set } = objectOf(right) ?? {};
    if (Array.isArray(set)) return set;
    if (typeof right !== 'string' || !right.startsWith('@')) return undefined;
    const elements = this.#elementsOf(right.slice(1));
    return Array.isArray(elements) ? elements : undefined; // A set without elements is filled by programs.
  }

  /** A field of the message. undefined: not known beforehand. never: the message has no such field, so no rule matches. */
  #valueOf(left: unknown): Value | 'never' | undefined {
    const { payload, meta, ct, fib } = objectOf(left) ?? {};
    if (payload !== undefined) return payloadOf(objectOf(payload) ?? {});
    if (meta !== undefined) return this.#metaOf(String(objectOf(meta)?.['key']));
    if (ct !== undefined)
      return this.#asked.mayBeUntracked === true ? undefined : CONNECTION[String(objectOf(ct)?.['key'])];
    const { result, flags } = objectOf(fib) ?? {};
    return result === 'type' && itemsOf(flags).join() === 'daddr' ? 'broadcast' : undefined;
  }

  #metaOf(key: string): Value | undefined {
    const { interfaceName } = this.#asked;
    const isPort = this.#family === 'bridge'; // There the interface is one of the bridge's many ports.
    if (key === 'iif' || key === 'iifname') return isPort ? undefined : interfaceName;
    if (key === 'ibrname') return isPort ? interfaceName : undefined;
    if (key === 'oif' || key === 'oifname')
      return this.#asked.isForwarded === true ? interfaceName : undefined;
    const known: Readonly<Record<string, Value>> = {
      l4proto: 'udp',
      nfproto: 'ipv4',
      protocol: 'ip',
      pkttype: 'broadcast',
    };
    return known[key];
  }
}

type Value = number | string;

/** The state of a new connection. It has no status yet. */
const CONNECTION: Readonly<Record<string, Value>> = { state: 'new', status: 'none', direction: 'original' };

const PAYLOAD: Readonly<Record<string, Value>> = {
  'udp dport': DISCOVER.targetPort,
  'udp sport': DISCOVER.sourcePort,
  'th dport': DISCOVER.targetPort,
  'th sport': DISCOVER.sourcePort,
  'ip saddr': DISCOVER.source,
  'ip daddr': DISCOVER.target,
  'ip protocol': 'udp',
  'ip version': 4,
  'ether type': 'ip',
  'ether daddr': 'ff:ff:ff:ff:ff:ff',
};
/** The headers of the message. */
const HEADERS: readonly string[] = ['udp', 'th', 'ip', 'ether', 'vlan'];

function payloadOf({ protocol, field }: NftObject): Value | 'never' | undefined {
  if (protocol === undefined) return undefined;
  return HEADERS.includes(String(protocol)) ? PAYLOAD[`${protocol} ${field}`] : 'never';
}

const NAMED: Readonly<Record<string, number>> = { bootps: DISCOVER.targetPort, bootpc: DISCOVER.sourcePort };

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? (NAMED[value] ?? ipv4FromText(value)) : undefined;
}

function isEqual(value: Value, right: unknown): Answer {
  if (typeof value === 'number') {
    const number = numberOf(right);
    return number === undefined ? 'unknown' : isSo(number === value);
  }
  return typeof right === 'string' ? matchesName(value, right, '*') : 'unknown';
}

function inPrefix(value: Value, { addr, len }: NftObject): Answer {
  if (typeof value !== 'number') return 'unknown';
  const network = typeof addr === 'string' ? ipv4FromText(addr) : undefined;
  return isInNetwork(value as Ipv4, network, typeof len === 'number' ? len : undefined);
}

function compared(op: string, value: number, right: number): Answer {
  if (op === '<') return isSo(value < right);
  if (op === '>') return isSo(value > right);
  if (op === '<=') return isSo(value <= right);
  return op === '>=' ? isSo(value >= right) : 'unknown';
}
