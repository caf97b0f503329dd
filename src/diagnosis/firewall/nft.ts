import { type Answer, all } from './answer.ts';
import type { AskedMessage } from './asked-message.ts';
import { itemsOf, type NftObject, objectOf, objectsIn } from './nft-json.ts';
import { NftMatcher } from './nft-matcher.ts';
import type { BaseChain, Effect, Rule } from './ruleset.ts';

/** The chains that iptables makes. Chains of other names are somebody else's, in whatever table. */
const OF_IPTABLES: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];
const HOOKS: readonly string[] = ['ingress', 'prerouting', 'input'];

/**
 * Reads the chains that the message passes from the output of `nft -j list ruleset`; none if it is not such JSON.
 *
 * @param judged Tables of the family ip to leave out, since they are read from the output of iptables-save.
 */
export function chainsOfNft(
  printed: string,
  asked: AskedMessage,
  judged: readonly string[] = [],
): readonly BaseChain[] {
  const objects = objectsIn(printed);
  const listed = (name: string): readonly NftObject[] =>
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
    const matcher = new NftMatcher(asked, String(rule['family']), (name) => sets.get(keyOf(rule, name)));
    tables
      .get(keyOf(rule))
      ?.get(String(rule['chain']))
      ?.push(...rulesOf(rule, matcher));
  }
  return listed('chain').flatMap((chain) => {
    if (!isPassed(chain, asked)) return [];
    const isOfIptables = chain['family'] === 'ip' && OF_IPTABLES.includes(String(chain['name']));
    if (isOfIptables && judged.includes(String(chain['table']))) return [];
    const chains = tables.get(keyOf(chain)) ?? new Map<string, Rule[]>();
    const path = chainPath(chain, chain['name']);
    const policyText = `nftables: the policy drop of chain ${path}`;
    // In the family bridge iifname is the port that the frame came in by, not the bridge.
    const by = chain['family'] === 'bridge' ? '' : `iifname ${asked.interfaceName} `;
    const ports = asked.isForwarded === true ? '67-68' : '67';
    const letIn = `nft insert rule ${path} ${by}udp dport ${ports} accept`;
    const policy = chain['policy'] === 'drop' ? 'drop' : 'accept';
    return [{ rules: chains.get(String(chain['name'])) ?? [], chains, policy, policyText, letIn }];
  });
}

/**
 * The tables of the family ip without any rule that iptables made. iptables-save prints them too, if they have names that
 * it uses, and leaves out what it cannot express, such as a set.
 */
export function ownTablesIn(printed: string): readonly string[] {
  const objects = objectsIn(printed);
  const ofIptables = objects
    .map(({ rule }) => objectOf(rule))
    .filter((rule) => itemsOf(rule?.['expr']).some((statement) => objectOf(statement)?.['xt'] !== undefined))
    .map((rule) => rule?.['table']);
  return objects
    .map(({ table }) => objectOf(table))
    .filter((table) => table?.['family'] === 'ip' && !ofIptables.includes(table['name']))
    .map((table) => String(table?.['name']));
}

/** True if the message certainly passes this base chain. */
function isPassed(chain: NftObject, { interfaceName, isBridge, isForwarded }: AskedMessage): boolean {
  if (isForwarded === true)
    return (
      chain['type'] === 'filter' &&
      chain['hook'] === 'forward' &&
      ['ip', 'inet'].includes(String(chain['family']))
    );
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

function devicesOf({ dev }: NftObject): readonly unknown[] {
  return Array.isArray(dev) ? dev : [dev];
}

function keyOf(object: NftObject, name: unknown = ''): string {
  return JSON.stringify([object['family'], object['table'], name]);
}

function chainPath(object: NftObject, chain: unknown): string {
  return `${object['family']} ${object['table']} ${chain}`;
}

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

/** The rules that a rule of nft stands for: a verdict map is one rule for each of its elements. */
function rulesOf(rule: NftObject, matcher: NftMatcher): readonly Rule[] {
  const path = chainPath(rule, rule['chain']);
  const text = `nftables: rule ${rule['handle']} of chain ${path} (nft -a list chain ${path})`;
  const answers: Answer[] = [];
  const rules: Rule[] = [];
  for (const statement of itemsOf(rule['expr'])) {
    for (const [name, said] of Object.entries(objectOf(statement) ?? {})) {
      if (name === 'match') answers.push(matcher.match(objectOf(said) ?? {}));
      else if (name === 'vmap') rules.push(...mapped(objectOf(said) ?? {}, matcher, answers, text));
      else if (!HARMLESS.includes(name)) {
        const effect = effectOf(name, said);
        if (effect === undefined) answers.push('unknown');
        else rules.push({ matches: all(answers), effect, text });
      }
    }
  }
  return rules;
}

function mapped(
  { key, data }: NftObject,
  matcher: NftMatcher,
  answers: readonly Answer[],
  text: string,
): readonly Rule[] {
  const pairs = matcher.elements(data);
  if (pairs === undefined) return [{ matches: 'unknown', effect: { kind: 'elsewhere' }, text }];
  return pairs.map((pair) => {
    const [wanted, verdict] = itemsOf(pair);
    const [name = '', said] = Object.entries(objectOf(verdict) ?? {})[0] ?? [];
    const matches = all([...answers, matcher.holds(key, wanted)]);
    return { matches, effect: effectOf(name, said) ?? { kind: 'elsewhere' }, text };
  });
}

/** undefined: the statement is no verdict. */
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
