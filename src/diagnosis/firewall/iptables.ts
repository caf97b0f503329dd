import { ipv4FromText } from '../../net/ipv4.ts';
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

/** The chains that what comes in passes; that of `nat` drops nothing. */
const PASSED: readonly (readonly [table: string, chain: string])[] = [
  ['raw', 'PREROUTING'],
  ['mangle', 'PREROUTING'],
  ['mangle', 'INPUT'],
  ['filter', 'INPUT'],
];

interface Table {
  readonly chains: Map<string, Rule[]>;
  readonly policies: Map<string, string>;
}

/**
 * The chains that the message passes, out of what `iptables-save` prints.
 *
 * @param judged Tables that are judged by what `nft` prints.
 */
export function chainsOfIptables(
  saved: string,
  asked: Asked,
  judged: readonly string[] = [],
): readonly BaseChain[] {
  const tables = tablesIn(saved, asked);
  return PASSED.flatMap(([table, chain]) => {
    if (judged.includes(table)) return [];
    const { chains, policies } = tables.get(table) ?? {};
    const rules = chains?.get(chain);
    if (chains === undefined || rules === undefined) return [];
    const policy = policies?.get(chain) === 'DROP' ? 'drop' : 'accept';
    return [{ rules, chains, policy, policyText: `iptables: the policy DROP of ${chain} (table ${table})` }];
  });
}

/** The names of the tables that it prints. */
export function tableNamesIn(saved: string): readonly string[] {
  return Array.from(saved.matchAll(/^\*(\S+)$/gm), ([, name = '']) => name);
}

function tablesIn(saved: string, asked: Asked): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>();
  let name = '';
  let table: Table = { chains: new Map(), policies: new Map() };
  for (const line of saved.split('\n')) {
    const [first = '', ...words] = wordsOf(line);
    if (first.startsWith('*')) {
      name = first.slice(1);
      table = { chains: new Map(), policies: new Map() };
      tables.set(name, table);
    } else if (first.startsWith(':')) {
      table.chains.set(first.slice(1), []);
      table.policies.set(first.slice(1), words[0] ?? '-');
    } else if (first === '-A') {
      const [chain = '', ...rest] = words;
      table.chains.get(chain)?.push(ruleOf(rest, asked, `iptables -t ${name} ${line}`));
    }
  }
  return tables;
}

/** Words in quotation marks are one. */
function wordsOf(line: string): readonly string[] {
  return (line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}

type Test = (value: string, asked: Asked) => Answer;

const TESTS: Readonly<Record<string, Test>> = {
  '-i': (name, { interfaceName }) => isSo(isName(name, interfaceName)),
  '-p': (protocol) => isSo(['udp', '17', 'all', '0'].includes(protocol)),
  '-s': (network) => inNetwork(network, DISCOVER.source),
  '-d': (network) => inNetwork(network, DISCOVER.target),
  '--dport': (port) => inPorts(port, DISCOVER.targetPort),
  '--sport': (port) => inPorts(port, DISCOVER.sourcePort),
  '--dports': (ports) => inPorts(ports, DISCOVER.targetPort),
  '--sports': (ports) => inPorts(ports, DISCOVER.sourcePort),
  '--ports': (ports) => any([inPorts(ports, DISCOVER.targetPort), inPorts(ports, DISCOVER.sourcePort)]),
  '--ctstate': (states) => isSo(states.split(',').includes('NEW')),
  '--state': (states) => isSo(states.split(',').includes('NEW')),
  '--pkt-type': (type) => isSo(type === 'broadcast'),
  '--dst-type': (types) => isSo(types.split(',').includes('BROADCAST')),
  '--comment': () => 'yes',
};

/** Modules of which all that is asked stands among the tests. */
const MODULES: readonly string[] = [
  'udp',
  'tcp',
  'multiport',
  'conntrack',
  'state',
  'comment',
  'addrtype',
  'pkttype',
];

/** Targets after which the rules behind are looked at all the same. */
const GO_ON: readonly string[] = [
  'LOG',
  'NFLOG',
  'ULOG',
  'MARK',
  'CONNMARK',
  'TRACE',
  'CT',
  'NOTRACK',
  'CHECKSUM',
  'TTL',
  'DSCP',
  'TOS',
];
const ENDS: Readonly<Record<string, Effect['kind'] & ('accept' | 'drop' | 'return' | 'elsewhere')>> = {
  ACCEPT: 'accept',
  DROP: 'drop',
  REJECT: 'drop',
  RETURN: 'return',
  QUEUE: 'elsewhere',
  NFQUEUE: 'elsewhere',
  TPROXY: 'elsewhere',
};

function ruleOf(words: readonly string[], asked: Asked, text: string): Rule {
  const answers: Answer[] = [];
  let isNegated = false;
  for (let place = 0; place < words.length; place += 1) {
    const word = words[place] ?? '';
    const value = words[place + 1] ?? '';
    if (word === '-j' || word === '-g') return { matches: all(answers), effect: effectOf(word, value), text };
    if (word === '!') {
      isNegated = true;
      continue;
    }
    place += 1;
    if (word === '-m') {
      if (!MODULES.includes(value)) answers.push('unknown');
      continue; // What the module is asked for comes behind.
    }
    const test = TESTS[word];
    const answer = test === undefined ? 'unknown' : test(value, asked);
    answers.push(isNegated ? not(answer) : answer);
    isNegated = false;
    if (test === undefined && words[place]?.startsWith('-') === true) place -= 1; // It had no value.
  }
  return { matches: all(answers), effect: { kind: 'nothing' }, text };
}

function effectOf(word: string, target: string): Effect {
  const end = ENDS[target];
  if (end !== undefined) return { kind: end };
  if (GO_ON.includes(target)) return { kind: 'nothing' };
  return { kind: word === '-g' ? 'goto' : 'jump', chain: target };
}

/** `eth+` is every name that begins so. */
function isName(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** `10.0.0.0/8`, or an address. */
function inNetwork(text: string, address: typeof DISCOVER.source): Answer {
  const [network = '', length = '32'] = text.split('/');
  const first = ipv4FromText(network);
  if (first === undefined || !/^\d{1,2}$/.test(length)) return 'unknown';
  return isSo(contains(prefixOf(first, Number(length)), address));
}

/** `53,67:69`. */
function inPorts(text: string, port: number): Answer {
  return any(
    text.split(',').map((part) => {
      const [first, last = first] = part.split(':').map(Number);
      if (first === undefined || last === undefined || Number.isNaN(first + last)) return 'unknown';
      return isSo(port >= first && port <= last);
    }),
  );
}
