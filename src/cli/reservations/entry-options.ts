import { type Command, InvalidArgumentError } from 'commander';
import { secondsFromText } from '../../config/duration.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import type { JsonEntry } from './read-entries.ts';

/** The flags of `reservations set` that change an entry. */
export interface EntryOptions {
  readonly mac?: readonly string[];
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: string;
  readonly vpsId?: string;
  readonly organizationId?: string;
  readonly clientId?: string;
  readonly circuitId?: string;
  readonly leaseTime?: number | null;
  readonly note?: string;
  readonly label?: readonly (readonly [string, string])[];
  readonly option?: readonly (readonly [string, string])[];
}

export function withEntryOptions(command: Command): Command {
  return command
    .option(
      '--mac <mac>',
      'a network card of the guest; again for each of several',
      gathered((text) => text),
    )
    .option('--address <address>', 'the address; left out: the server picks one and keeps it')
    .option('--hostname <name>', 'its name, which it is told')
    .option('--port <port>', 'its port of the bridge: tap104i0')
    .option('--vps-id <id>', 'the VPS that it belongs to; left out: the id')
    .option('--organization-id <id>', 'whose it is')
    .option('--client-id <hex>', 'its client identifier (option 61): 01:52:54:00:12:34:56')
    .option('--circuit-id <hex>', "its relay's circuit (option 82)")
    .option('--lease-time <duration>', 'its own lease time: 10m, 12h', seconds)
    .option('--note <text>', 'a note for people')
    .option('--label <name=text>', 'a label; again for each of several', gathered(pair))
    .option('--option <name=text>', 'a DHCP option of its own: ntpServers=192.0.2.1', gathered(pair));
}

/** The entry with what the flags say. An empty text removes a member: `--note ""`. */
export function withOptions(before: JsonEntry, options: EntryOptions): JsonEntry {
  const { mac, label, option, leaseTime } = options;
  const members: Readonly<Record<string, unknown>> = {
    mac: mac?.filter((text) => text !== ''),
    address: options.address,
    hostname: options.hostname,
    port: options.port,
    vps_id: options.vpsId,
    organization_id: options.organizationId,
    client_id: options.clientId,
    circuit_id: options.circuitId,
    lease_time: leaseTime,
    note: options.note,
    labels: label && changed(before['labels'], label),
    options: option && changed(before['options'], option),
  };
  const said = Object.entries(members).filter(([, value]) => value !== undefined);
  const merged = { ...before, ...Object.fromEntries(said) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== '' && value !== null));
}

function changed(before: unknown, pairs: readonly (readonly [string, string])[]): JsonEntry {
  const texts = new Map(isObject(before) ? Object.entries(before) : []);
  for (const [name, text] of pairs) {
    if (text === '') texts.delete(name);
    else texts.set(name, text);
  }
  return Object.fromEntries(texts);
}

function gathered<Value>(read: (text: string) => Value) {
  return (text: string, before: readonly Value[] = []): readonly Value[] => [...before, read(text)];
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as name=text.');
  return [text.slice(0, at), text.slice(at + 1)];
}

function seconds(text: string): number | null {
  if (text === '') return null;
  const found = secondsFromText(text);
  if (found === undefined || !Number.isInteger(found))
    throw new InvalidArgumentError('Write it as 10m or 12h.');
  return found;
}
