import { ipv4FromText } from '../net/ipv4.ts';
import { octetsOf, wordsAfter } from './dhcpd-leases.ts';
import { readStatements, type Statement, wordText } from './dhcpd-statements.ts';
import type { FoundHost, Hosts, SourceFault, SourceFile } from './found.ts';
import { hostName } from './host-name.ts';
import { cardFromText, identifierOf } from './octets.ts';

/** The `host` declarations of dhcpd.conf, in whatever groups they stand, and those that dhcpd has written into dhcpd.leases. */
export function readDhcpdHosts(source: SourceFile): Hosts {
  const { statements, faults: broken } = readStatements(source);
  const faults: SourceFault[] = [...broken];
  const hosts = new Map<string, FoundHost>();
  for (const statement of everyStatement(statements)) {
    const [kind, named = ''] = statement.words;
    const place = { file: source.name, line: statement.line };
    const name = wordText(named);
    if (kind === 'include')
      faults.push({ ...place, what: `include ${name} is not followed: import that file by itself` });
    if (kind !== 'host' || statement.block === undefined || statement.isBroken === true) continue;
    hosts.delete(name); // dhcpd writes what changed behind the others; the last one counts.
    if (wordsAfter(statement.block, 'deleted') !== undefined) continue;
    const host = hostOf(name, statement.block);
    if (typeof host === 'string') faults.push({ ...place, what: `host ${name} ${host}` });
    else hosts.set(name, { ...place, ...host });
  }
  return { hosts: [...hosts.values()], faults };
}

/** In their order. Blocks may stand in one another as deep as their file is long. */
function* everyStatement(statements: readonly Statement[]): Generator<Statement> {
  const open = [statements.values()];
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { value: statement, done } = inner.next();
    if (done === true) {
      open.pop();
      continue;
    }
    yield statement;
    if (statement.words[0] !== 'host' && statement.block !== undefined) open.push(statement.block.values());
  }
}

function hostOf(name: string, block: readonly Statement[]): Omit<FoundHost, 'file' | 'line'> | string {
  const [type = '', mac = ''] = (wordsAfter(block, 'hardware') ?? []).map(wordText);
  const card = type === 'ethernet' ? cardFromText(mac) : undefined;
  if (type !== '' && card === undefined) return `has a card that is no Ethernet card: ${type} ${mac}`;
  const given = wordsAfter(block, 'option', 'dhcp-client-identifier')?.[0] ?? wordsAfter(block, 'uid')?.[0];
  const octets = given === undefined ? undefined : octetsOf(given);
  const identifier = octets === undefined ? undefined : identifierOf(octets);
  if (given !== undefined && identifier === undefined)
    return 'has a client identifier that is not 2 to 255 octets long';
  if (card === undefined && identifier === undefined) return 'names no card and no client identifier';
  const fixed = (wordsAfter(block, 'fixed-address') ?? []).map(wordText);
  const dotted = fixed
    .join(' ')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const [first, ...others] = dotted;
  if (others.length > 0) return `has several addresses: ${dotted.join(', ')}`;
  const address = first === undefined ? undefined : ipv4FromText(first);
  if (first !== undefined && address === undefined) return `has ${first}, which is no IPv4 address`;
  const told = wordsAfter(block, 'option', 'host-name')?.[0] ?? wordsAfter(block, 'ddns-hostname')?.[0];
  const hostname = hostName(told === undefined ? name : wordText(told));
  return {
    macs: card === undefined ? [] : [card],
    ...(identifier !== undefined && { identifier }),
    ...(address !== undefined && { address }),
    ...(hostname !== undefined && { hostname }),
  };
}
