import { ipv4FromText } from '../../net/ipv4.ts';
import { type Answer, all, any, isSo, not } from './answer.ts';
import { type AskedMessage, DISCOVER, isInNetwork, matchesName, mayBeInRange } from './asked-message.ts';
import type { BaseChain, Effect, Rule } from './ruleset.ts';

/** The chains that an arriving message passes. The chain of `nat` is left out: it drops nothing. */
const PASSED: readonly (readonly [table: string, chain: string])[] = [
  ['raw', 'PREROUTING'],
  ['mangle', 'PREROUTING'],
  ['mangle', 'INPUT'],
  ['filter', 'INPUT'],
];

/** Those of a message that the bridge forwards. What drops it before that drops what arrives, too. */
const FORWARDED: typeof PASSED = [
  ['mangle', 'FORWARD'],
  ['filter', 'FORWARD'],
];

interface Table {
  readonly chains: Map<string, Rule[]>;
  readonly policies: Map<string, string>;
}

/**
 * Reads the chains that the message passes from the output of `iptables-save`.
 *
 * @param judged Tables to leave out, since they are read from the output of `nft`.
 * @param program The one that changes these rules.
 */
export function chainsOfIptables(
  saved: string,
  asked: AskedMessage,
  judged: readonly string[] = [],
  program = 'iptables',
): readonly BaseChain[] {
  const tables = tablesIn(saved, asked);
  const isForwarded = asked.isForwarded === true;
  return (isForwarded ? FORWARDED : PASSED).flatMap(([table, chain]) => {
    if (judged.includes(table)) return [];
    const { chains, policies } = tables.get(table) ?? {};
    const rules = chains?.get(chain);
    if (chains === undefined || rules === undefined) return [];
    const policy = policies?.get(chain) === 'DROP' ? 'drop' : 'accept';
    const policyText = `iptables: the policy DROP of ${chain} (table ${table})`;
    const letIn = `${program} -t ${table} -I ${chain} -i ${asked.interfaceName} -p udp --dport ${isForwarded ? '67:68' : '67'} -j ACCEPT`;
    return [{ rules, chains, policy, policyText, letIn }];
  });
}

/** The names of the tables in the output of `iptables-save`. */
export function tableNamesIn(saved: string): readonly string[] {
  return Array.from(saved.matchAll(/^\*(\S+)$/gm), ([, name = '']) => name);
}

function tablesIn(saved: string, asked: AskedMessage): ReadonlyMap<string, Table> {
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

/** A text in quotation marks is one word. */
function wordsOf(line: string): readonly string[] {
  return (line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'));
}

function includesNew(states: string, { mayBeUntracked }: AskedMessage): Answer {
  return mayBeUntracked === true ? 'unknown' : isSo(states.split(',').includes('NEW'));
}

type Test = (value: string, asked: AskedMessage) => Answer;

const TESTS: Readonly<Record<string, Test>> = {
  '-i': (name, { interfaceName }) => matchesName(interfaceName, name, '+'),
  '-o': (name, { interfaceName, isForwarded }) =>
    isForwarded === true ? matchesName(interfaceName, name, '+') : 'unknown',
  '-p': (protocol) => isSo(['udp', '17', 'all', '0'].includes(protocol)),
  '-s': (network) => inNetwork(network, DISCOVER.source),
  '-d': (network) => inNetwork(network, DISCOVER.target),
  '--dport': (port) => inPorts(port, DISCOVER.targetPort),
  '--sport': (port) => inPorts(port, DISCOVER.sourcePort),
  '--dports': (ports) => inPorts(ports, DISCOVER.targetPort),
  '--sports': (ports) => inPorts(ports, DISCOVER.sourcePort),
  '--ports': (ports) => any([inPorts(ports, DISCOVER.targetPort), inPorts(ports, DISCOVER.sourcePort)]),
  '--ctstate': includesNew,
  '--state': includesNew,
  '--pkt-type': (type) => isSo(type === 'broadcast'),
  '--dst-type': (types) => isSo(types.split(',').includes('BROADCAST')),
  '--comment': () => 'yes',
};

/** Modules whose options are all among TESTS. */
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

/** Targets after which the next rule is tried all the same. */
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

function ruleOf(words: readonly string[], asked: AskedMessage, text: string): Rule {
  const answers: Answer[] = [];
  let isNegated = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const value = words[index + 1] ?? '';
    if (word === '-j' || word === '-g') return { matches: all(answers), effect: effectOf(word, value), text };
    if (word === '!') {
      isNegated = true;
      continue;
    }
    index += 1;
    if (word === '-m') {
      if (!MODULES.includes(value)) answers.push('unknown');
      continue; // The module's options follow.
    }
    const test = TESTS[word];
    const answer = test === undefined ? 'unknown' : test(value, asked);
    answers.push(isNegated ? not(answer) : answer);
    isNegated = false;
    if (test === undefined && words[index]?.startsWith('-') === true) index -= 1; // It had no value.
  }
  return { matches: all(answers), effect: { kind: 'nothing' }, text };
}

function effectOf(word: string, target: string): Effect {
  const end = ENDS[target];
  if (end !== undefined) return { kind: end };
  if (GO_ON.includes(target)) return { kind: 'nothing' };
  return { kind: word === '-g' ? 'goto' : 'jump', chain: target };
}

/** @param text `10.0.0.0/8`, or an address. */
function inNetwork(text: string, address: typeof DISCOVER.source): Answer {
  const [network = '', length = '32'] = text.split('/');
  return isInNetwork(address, ipv4FromText(network), /^\d{1,2}$/.test(length) ? Number(length) : undefined);
}

/** @param text `53,67:69`. */
function inPorts(text: string, port: number): Answer {
  return any(
    text.split(',').map((part) => {
      const [first, last = first] = part.split(':').map(Number);
      return mayBeInRange(port, first, last);
    }),
  );
}
