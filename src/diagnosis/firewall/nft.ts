import { type Ipv4, ipv4FromText } from '../../net/ipv4.ts';
import { contains, prefixOf } from '../../net/prefix.ts';
import {
  type Answer,
  type Asked,
  all,
  any,
  type BaseChain,
  DISCOVER,
  type Effect,
  isSo,
  not,
  type Rule,
} from './ruleset.ts';

/** What libnftables-json(5) calls an object; what is not as expected counts as unknown. */
type Json = Readonly<Record<string, unknown>>;

/** Of iptables; chains of other names are somebody else's, in whatever table. */
const OF_IPTABLES: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
const HOOKS: readonly string[] = ['ingress', 'prerouting', 'input'];

/**
 * The chains that the message passes, out of what `nft -j list ruleset` prints; none if that is no such JSON.
 *
 * @param judged Tables of the family ip that are judged by what iptables-save prints.
 */
export function chainsOfNft(
  printed: string,
  asked: Asked,
  judged: readonly string[] = [],
): readonly BaseChain[] {
  const objects = objectsIn(printed);
  const listed = (name: string): readonly Json[] =>
    objects.map((each) => objectOf(each[name])).filter((each) => each !== undefined);
  const sets = new Map(
    [...listed('set'), ...listed('map')].map((set) => [keyOf(set, set['name']), set['elem']]),
  );
  const tables = new Map<string, Map<string, Rule[]>>();
  for (const chain of listed('chain')) {
    const table = tables.get(keyOf(chain)) ?? new Map<string, Rule[]>();
    table.set(String(chain['name']), []);
    tables.set(keyOf(chain), table);
  }
  for (const rule of listed('rule')) {
    const judge = new Judge(asked, String(rule['family']), (name) => sets.get(keyOf(rule, name)));
    tables
      .get(keyOf(rule))
      ?.get(String(rule['chain']))
      ?.push(...judge.rulesOf(rule));
  }
  return listed('chain').flatMap((chain) => {
    if (!isPassed(chain, asked)) return [];
    const isOfIptables = chain['family'] === 'ip' && OF_IPTABLES.includes(String(chain['name']));
    if (isOfIptables && judged.includes(String(chain['table']))) return [];
    const chains = tables.get(keyOf(chain)) ?? new Map<string, Rule[]>();
    const policyText = `nftables: the policy drop of chain ${placeOf(chain, chain['name'])}`;
    const policy = chain['policy'] === 'drop' ? 'drop' : 'accept';
    return [{ rules: chains.get(String(chain['name'])) ?? [], chains, policy, policyText }];
  });
}

/**
 * The tables of the family ip that have no rule in the words of iptables. It prints them all the same, where they have the
 * names of its own, and leaves out what it has no word for: a set, say.
 */
export function ownTablesIn(printed: string): readonly string[] {
  const objects = objectsIn(printed);
  const ofIptables = objects
    .map(({ rule }) => objectOf(rule))
    .filter((rule) => listOf(rule?.['expr']).some((statement) => objectOf(statement)?.['xt'] !== undefined))
    .map((rule) => rule?.['table']);
  return objects
    .map(({ table }) => objectOf(table))
    .filter((table) => table?.['family'] === 'ip' && !ofIptables.includes(table['name']))
    .map((table) => String(table?.['name']));
}

function objectsIn(printed: string): readonly Json[] {
  try {
    const { nftables } = JSON.parse(printed) as Json;
    return listOf(nftables)
      .map(objectOf)
      .filter((each) => each !== undefined);
  } catch {
    return [];
  }
}

/** Whether what comes in by the interface passes this base chain for sure. */
function isPassed(chain: Json, { interfaceName, isBridge }: Asked): boolean {
  if (chain['type'] !== 'filter' || !HOOKS.includes(String(chain['hook']))) return false;
  switch (chain['family']) {
    case 'ip':
    case 'inet':
      return chain['hook'] !== 'ingress' || devicesOf(chain).includes(interfaceName);
    case 'netdev':
      return devicesOf(chain).includes(interfaceName); // Older versions of nft do not print it.
    case 'bridge':
      return isBridge;
    default:
      return false;
  }
}

function devicesOf({ dev }: Json): readonly unknown[] {
  return Array.isArray(dev) ? dev : [dev];
}

function keyOf(object: Json, name: unknown = ''): string {
  return JSON.stringify([object['family'], object['table'], name]);
}

function placeOf(object: Json, chain: unknown): string {
  return `${object['family']} ${object['table']} ${chain}`;
}

/** What the rules of one family say of the message. */
class Judge {
  readonly #asked: Asked;
  readonly #family: string;
  readonly #elementsOf: (set: string) => unknown;

  constructor(asked: Asked, family: string, elementsOf: (set: string) => unknown) {
    this.#asked = asked;
    this.#family = family;
    this.#elementsOf = elementsOf;
  }

  /** A verdict map is as many rules as it has elements. */
  rulesOf(rule: Json): readonly Rule[] {
    const place = placeOf(rule, rule['chain']);
    const text = `nftables: rule ${rule['handle']} of chain ${place} (nft -a list chain ${place})`;
    const answers: Answer[] = [];
    const rules: Rule[] = [];
    for (const statement of listOf(rule['expr'])) {
      for (const [name, said] of Object.entries(objectOf(statement) ?? {})) {
        if (name === 'match') answers.push(this.#match(objectOf(said) ?? {}));
        else if (name === 'vmap') rules.push(...this.#mapped(objectOf(said) ?? {}, answers, text));
        else if (!HARMLESS.includes(name)) {
          const effect = effectOf(name, said);
          if (effect === undefined) answers.push('unknown');
          else rules.push({ matches: all(answers), effect, text });
        }
      }
    }
    return rules;
  }

  #mapped({ key, data }: Json, answers: readonly Answer[], text: string): readonly Rule[] {
    const pairs = this.#elements(data);
    if (pairs === undefined) return [{ matches: 'unknown', effect: { kind: 'elsewhere' }, text }];
    return pairs.map((pair) => {
      const [wanted, verdict] = listOf(pair);
      const [name = '', said] = Object.entries(objectOf(verdict) ?? {})[0] ?? [];
      const matches = all([...answers, this.#holds(key, wanted)]);
      return { matches, effect: effectOf(name, said) ?? { kind: 'elsewhere' }, text };
    });
  }

  #match({ op, left, right }: Json): Answer {
    if (this.#valueOf(left) === 'never') return 'no'; // Also of what it must not be.
    switch (op) {
      case '==':
      case 'in':
        return this.#holds(left, right);
      case '!=':
        return not(this.#holds(left, right));
      default: {
        const value = this.#valueOf(left);
        return typeof value === 'number' && typeof right === 'number'
          ? compared(String(op), value, right)
          : 'unknown';
      }
    }
  }

  #holds(left: unknown, right: unknown): Answer {
    const value = this.#valueOf(left);
    if (value === 'never') return 'no';
    return value === undefined ? 'unknown' : this.#isAmong(value, right);
  }

  #isAmong(value: Value, right: unknown): Answer {
    const elements = this.#elements(right);
    if (elements !== undefined) return any(elements.map((each) => this.#isAmong(value, each)));
    if (typeof right === 'string' && right.startsWith('@')) return 'unknown';
    const { elem, prefix, range } = objectOf(right) ?? {};
    if (elem !== undefined) return this.#isAmong(value, objectOf(elem)?.['val']);
    if (prefix !== undefined) return inPrefix(value, objectOf(prefix) ?? {});
    if (range !== undefined) {
      const [first, last] = listOf(range).map(numberOf);
      const number = numberOf(value);
      if (number === undefined || first === undefined || last === undefined) return 'unknown';
      return isSo(number >= first && number <= last);
    }
    return isEqual(value, right);
  }

  /** Undefined: it is no set, or one that cannot be looked into. */
  #elements(right: unknown): readonly unknown[] | undefined {
    if (Array.isArray(right)) return right;
    const { set } = objectOf(right) ?? {};
    if (Array.isArray(set)) return set;
    if (typeof right !== 'string' || !right.startsWith('@')) return undefined;
    const elements = this.#elementsOf(right.slice(1));
    return Array.isArray(elements) ? elements : undefined; // One that is empty now is filled by programs.
  }

  /** Undefined: it is not known beforehand; never: the message has no such thing, so that no rule about it matches. */
  #valueOf(left: unknown): Value | 'never' | undefined {
    const { payload, meta, ct, fib } = objectOf(left) ?? {};
    if (payload !== undefined) return payloadOf(objectOf(payload) ?? {});
    if (meta !== undefined) return this.#metaOf(String(objectOf(meta)?.['key']));
    if (ct !== undefined) return CONNECTION[String(objectOf(ct)?.['key'])];
    const { result, flags } = objectOf(fib) ?? {};
    return result === 'type' && listOf(flags).join() === 'daddr' ? 'broadcast' : undefined;
  }

  #metaOf(key: string): Value | undefined {
    const { interfaceName } = this.#asked;
    const isPort = this.#family === 'bridge'; // There the interface is the port, of which there are many.
    if (key === 'iif' || key === 'iifname') return isPort ? undefined : interfaceName;
    if (key === 'ibrname') return isPort ? interfaceName : undefined;
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

/** Of a connection that begins: it has no status yet, as of one whose address is translated. */
const CONNECTION: Readonly<Record<string, Value>> = { state: 'new', status: 'none', direction: 'original' };

/** Statements that decide nothing. */
const HARMLESS: readonly string[] = [
  'counter',
  'log',
  'mangle',
  'notrack',
  'set',
  'comment',
  'ct helper',
  'ct timeout',
];

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
};
/** Headers that the message has. */
const HEADERS: readonly string[] = ['udp', 'th', 'ip', 'ether', 'vlan'];

function payloadOf({ protocol, field }: Json): Value | 'never' | undefined {
  if (protocol === undefined) return undefined;
  return HEADERS.includes(String(protocol)) ? PAYLOAD[`${protocol} ${field}`] : 'never';
}

/** Undefined: it is no verdict. */
function effectOf(name: string, said: unknown): Effect | undefined {
  switch (name) {
    case 'accept':
    case 'drop':
    case 'return':
      return { kind: name };
    case 'reject':
      return { kind: 'drop' };
    case 'jump':
    case 'goto':
      return { kind: name, chain: String(objectOf(said)?.['target']) };
    case 'continue':
      return { kind: 'nothing' };
    case 'queue':
    case 'tproxy':
      return { kind: 'elsewhere' };
    default:
      return undefined;
  }
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
  if (typeof right !== 'string') return 'unknown';
  return isSo(right.endsWith('*') ? value.startsWith(right.slice(0, -1)) : right === value);
}

function inPrefix(value: Value, { addr, len }: Json): Answer {
  const network = typeof addr === 'string' ? ipv4FromText(addr) : undefined;
  if (network === undefined || typeof len !== 'number' || typeof value !== 'number') return 'unknown';
  return isSo(contains(prefixOf(network, len), value as Ipv4));
}

function compared(op: string, value: number, right: number): Answer {
  if (op === '<') return isSo(value < right);
  if (op === '>') return isSo(value > right);
  if (op === '<=') return isSo(value <= right);
  return op === '>=' ? isSo(value >= right) : 'unknown';
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}
