import { ipv4FromText } from '../net/ipv4.ts';
import type { FoundHost, Hosts, SourceFault, SourceFile } from './found.ts';
import { hostName } from './host-name.ts';
import { secondsFromDnsmasq } from './lease-time.ts';
import { cardFromText, identifierOf, octetsFromText } from './octets.ts';

/** Lines of a settings file that another file is named in. */
const ELSEWHERE = /^(conf-file|conf-dir|dhcp-hostsfile|dhcp-hostsdir|read-ethers|servers-file)\b/;
const HOST_LINE = /^(?:--)?dhcp-host\s*=\s*(.*)$/;
const OTHER_SETTING = /^(?:--)?[a-z][a-z\d-]*(\s*=.*)?$/;

/** `dhcp-host=` lines of dnsmasq's settings, or the lines of a `dhcp-hostsfile`, which are the same without that word. */
export function readDnsmasqHosts({ name: file, text }: SourceFile): Hosts {
  const hosts: FoundHost[] = [];
  const faults: SourceFault[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    const line = content.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') continue;
    const place = { file, line: index + 1 };
    const value = HOST_LINE.exec(line)?.[1];
    if (value === undefined && ELSEWHERE.test(line))
      faults.push({ ...place, what: `${line} is not followed: import what it names by itself` });
    if (value === undefined && (OTHER_SETTING.test(line) || !line.includes(','))) continue;
    const read = hostOf(value ?? line);
    if (read === 'nothing') continue;
    if (typeof read === 'string') faults.push({ ...place, what: read });
    else hosts.push({ ...place, ...read });
  }
  return { hosts, faults };
}

type Content = Omit<FoundHost, 'file' | 'line'>;
type Draft = { -readonly [Name in keyof Content]: Content[Name] } & { macs: FoundHost['macs'] };

/** 'nothing': there is nothing in it that a reservation has. */
function hostOf(value: string): Content | string | 'nothing' {
  const draft: Draft = { macs: [] };
  for (const part of value.split(',').map((word) => word.trim())) {
    const wrong = addPart(draft, part);
    if (wrong !== undefined) return wrong;
  }
  if (draft.macs.length === 0 && draft.identifier === undefined)
    return draft.address === undefined
      ? 'nothing'
      : 'names no MAC and no client identifier: a host name alone gets no reservation';
  return draft;
}

/** What is wrong with it; undefined: nothing is. */
function addPart(draft: Draft, part: string): string | undefined {
  if (part === '') return 'has an empty part';
  if (part === 'ignore')
    return 'tells dnsmasq to ignore this guest: a reservation cannot; set GATEWAY_DHCP_DENY_MACS';
  if (/^(set|net|tag):/.test(part)) return undefined; // Options by tag; a reservation here has its own.
  if (part.startsWith('id:')) return addIdentifier(draft, part.slice(3));
  if (part.startsWith('[')) return `${part} is an address of IPv6`;
  const address = ipv4FromText(part);
  if (address !== undefined) {
    if (draft.address !== undefined) return 'names two addresses';
    draft.address = address;
    return undefined;
  }
  if (/^\d+\.\d+\.\d+\.\d+$/.test(part)) return `${part} is no IPv4 address`;
  if (/^([\da-f]+-)?([\da-f]{1,2}|\*)(:([\da-f]{1,2}|\*)){2,}$/i.test(part)) return addCard(draft, part);
  return addNameOrTime(draft, part);
}

function addIdentifier(draft: Draft, text: string): string | undefined {
  if (text === '*') return undefined; // The identifier does not count: its MAC does, as with every reservation here.
  const octets = octetsFromText(text) ?? Buffer.from(text);
  const identifier = identifierOf(octets);
  if (identifier === undefined) return `id:${text} is no client identifier of 2 to 255 octets`;
  draft.identifier = identifier;
  return undefined;
}

function addCard(draft: Draft, part: string): string | undefined {
  if (part.includes('*')) return `${part} stands for several MACs: a reservation names each`;
  const card = cardFromText(part.replace(/^0*1-/, ''));
  if (card === undefined) return `${part} is not the MAC of an Ethernet card`;
  draft.macs = [...draft.macs, card];
  return undefined;
}

function addNameOrTime(draft: Draft, part: string): string | undefined {
  const seconds = secondsFromDnsmasq(part);
  if (seconds !== undefined && (draft.hostname !== undefined || /^\d|^infinite$/.test(part))) {
    draft.leaseSeconds = seconds;
    return undefined;
  }
  const name = hostName(part);
  if (name === undefined) return `${part} is no address, MAC, name or time`;
  draft.hostname = name;
  return undefined;
}
