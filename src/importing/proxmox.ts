import { ipv4FromText } from '../net/ipv4.ts';
import type { FoundHost, Hosts, Place, SourceFault, SourceFile } from './found.ts';
import { hostName } from './host-name.ts';
import { cardFromText } from './octets.ts';
import { elementsOf, isJsonFault, memberOf, readPlacedJson } from './placed-json.ts';

/** What `tail -v` prints above each file. */
const HEADER = /^==> (.+) <==$/;
const CARD = /^net(\d{1,2})$/;

/** A guest's card, as its configuration has it. */
export interface ProxmoxCard extends FoundHost {
  readonly bridge: string;
}

export interface ProxmoxGuests {
  readonly cards: readonly ProxmoxCard[];
  readonly faults: readonly SourceFault[];
  /** Templates: they never run. */
  readonly templates: number;
}

/** A VM or container of `pvesh get /cluster/resources`. */
interface Listed extends Place {
  readonly id: string;
  readonly name: string | undefined;
  readonly isTemplate: boolean;
}

interface Setting {
  readonly line: number;
  readonly value: string;
}

/**
 * The cards of the guests of a Proxmox cluster: of their configuration files (`/etc/pve/nodes/.../104.conf`), each a file of its
 * own or several behind the lines that `tail -v` prints; and of what `pvesh get /cluster/resources --output-format json` says.
 */
export function readProxmox(sources: readonly SourceFile[]): ProxmoxGuests {
  const faults: SourceFault[] = [];
  const listed = new Map<string, Listed>();
  const configured = new Set<string>();
  const cards: ProxmoxCard[] = [];
  let templates = 0;
  const parts = sources.flatMap(partsOf);
  for (const part of parts.filter(isJson))
    for (const guest of listedIn(part, faults)) listed.set(guest.id, guest);
  for (const part of parts.filter((each) => !isJson(each))) {
    const id = /(?:^|\/)(\d{1,10})\.conf$/.exec(part.name)?.[1];
    if (id === undefined) {
      faults.push({
        file: part.name,
        line: 1,
        what: 'is no configuration of a guest: its name is not like 104.conf',
      });
      continue;
    }
    configured.add(id);
    const settings = settingsOf(part.text);
    if (settings.get('template')?.value === '1' || listed.get(id)?.isTemplate === true) templates += 1;
    else cards.push(...cardsOf(part.name, id, settings, listed.get(id)?.name, faults));
  }
  for (const { id, isTemplate, file, line } of listed.values())
    if (!configured.has(id) && !isTemplate)
      faults.push({
        file,
        line,
        what: `guest ${id} is listed, and its configuration ${id}.conf is not among the files`,
      });
  return { cards, faults, templates };
}

/** The cards at one bridge, as what is to be reserved: called by the number of the guest, and by the card if it has several there. */
export function hostsAtBridge(cards: readonly ProxmoxCard[]): Hosts['hosts'] {
  const counts = new Map<string, number>();
  for (const { vpsId = '' } of cards) counts.set(vpsId, (counts.get(vpsId) ?? 0) + 1);
  return cards.map(({ bridge: _bridge, ...host }) =>
    counts.get(host.vpsId ?? '') === 1 && host.vpsId !== undefined ? { ...host, id: host.vpsId } : host,
  );
}

function isJson({ text }: SourceFile): boolean {
  return /^\s*[[{]\s*["{\]}]/.test(text);
}

/** What stands above the first line of `tail -v` is a part of its own. */
function partsOf({ name, text }: SourceFile): readonly SourceFile[] {
  const parts: { name: string; lines: string[] }[] = [{ name, lines: [] }];
  for (const line of text.split('\n')) {
    const file = HEADER.exec(line)?.[1];
    if (file === undefined) parts.at(-1)?.lines.push(line);
    else parts.push({ name: file, lines: [] });
  }
  return parts
    .map((part) => ({ name: part.name, text: part.lines.join('\n') }))
    .filter((part) => part.text.trim() !== '');
}

function listedIn({ name: file, text }: SourceFile, faults: SourceFault[]): readonly Listed[] {
  const json = readPlacedJson(text);
  if (isJsonFault(json)) {
    faults.push({ file, ...json });
    return [];
  }
  return elementsOf(json).flatMap((each) => {
    const told = (member: string) => memberOf(each, member)?.value;
    if (told('type') !== 'qemu' && told('type') !== 'lxc') return [];
    const [id, name] = [told('vmid'), told('name')];
    if (typeof id !== 'number') {
      faults.push({ file, line: each.line, what: 'is a guest without vmid' });
      return [];
    }
    const place = { file, line: each.line };
    return [
      {
        ...place,
        id: String(id),
        name: typeof name === 'string' ? name : undefined,
        isTemplate: told('template') === 1 || told('template') === true,
      },
    ];
  });
}

/** As it is now: what stands below [a snapshot] or [PENDING] is not. */
function settingsOf(text: string): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('[')) break;
    const [, key = '', value = ''] = /^([a-z]+\d*):\s*(.*?)\s*$/i.exec(line) ?? [];
    if (key !== '') settings.set(key, { line: index + 1, value });
  }
  return settings;
}

function cardsOf(
  file: string,
  id: string,
  settings: ReadonlyMap<string, Setting>,
  listedName: string | undefined,
  faults: SourceFault[],
): readonly ProxmoxCard[] {
  const name = settings.get('name')?.value ?? settings.get('hostname')?.value ?? listedName;
  const hostname = hostName(name);
  const found: ProxmoxCard[] = [];
  for (const [key, { line, value }] of settings) {
    const number = CARD.exec(key)?.[1];
    if (number === undefined) continue;
    const parts = new Map(value.split(',').map((part) => part.split('=', 2) as [string, string]));
    const mac = parts.get('hwaddr') ?? parts.get('macaddr') ?? [...parts.values()][0] ?? '';
    const card = cardFromText(mac);
    const bridge = parts.get('bridge');
    if (bridge === undefined) continue; // In no network, or behind the NAT of QEMU itself.
    if (card === undefined) {
      faults.push({ file, line, what: `${key} of guest ${id} has no MAC: ${value}` });
      continue;
    }
    const address = addressOf(parts.get('ip') ?? settings.get(`ipconfig${number}`)?.value);
    found.push({
      ...{ file, line, bridge, macs: [card], id: `${id}-net${number}`, vpsId: id },
      ...(hostname !== undefined && { hostname }),
      ...(address !== undefined && { address }),
    });
  }
  return found;
}

/** `dhcp`, `manual`, `10.15.3.57/24`, or of cloud-init `ip=10.15.3.57/24,gw=10.15.3.1`. */
function addressOf(text = ''): FoundHost['address'] {
  const [, dotted = ''] = /^(?:.*\bip=)?(\d+\.\d+\.\d+\.\d+)\/\d+/.exec(text) ?? [];
  return ipv4FromText(dotted);
}
