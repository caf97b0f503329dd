import { GatewayError } from '../../errors.ts';
import { type HardwareAddress, hardwareFromText } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { hasLeaseFile, type ListedEvent, openLeaseReader } from '../../store/sqlite/lease-reader.ts';
import { apiOf } from '../api/api-command.ts';
import { type LeaseFolderOptions, leaseFolder } from '../chosen-segment.ts';
import type { CommandSurroundings } from '../surroundings.ts';

/** A guest that an address has to do with. */
export interface GuestOfAddress {
  readonly mac: HardwareAddress;
  /** What it has to do with it, as a sentence. */
  readonly says: string;
}

interface Reserved {
  readonly id: string;
  readonly mac?: readonly string[];
}

/** Who has an address, and for whom it is reserved; where neither is so, who had it last. */
export async function guestsOfAddress(
  address: Ipv4,
  options: LeaseFolderOptions,
  surroundings: CommandSurroundings,
): Promise<{
  /** Empty: this segment knows nobody. */
  readonly guests: readonly GuestOfAddress[];
  /** Why the running gateway could not be asked for reservations; undefined: it was. */
  readonly unasked: string | undefined;
}> {
  const { now, before } = holders(leaseFolder(options, surroundings.environment), address);
  const { reserved, unasked } = await reservedFor(address, options, surroundings);
  const meant = [...now, ...reserved];
  return { guests: meant.length > 0 ? meant : before, unasked };
}

/** Those that the lease file names: who has it now, and who had it before. */
function holders(directory: string, address: Ipv4) {
  const none: { readonly now: GuestOfAddress[]; readonly before: GuestOfAddress[] } = { now: [], before: [] };
  if (!hasLeaseFile(directory)) return none;
  const text = ipv4ToText(address);
  const reader = openLeaseReader(directory);
  try {
    const [lease] = reader.leases({ address });
    const running = lease?.state === 'bound' || lease?.state === 'peer';
    const now = running ? guest(lease.mac, (mac) => `${text} is leased to ${mac}`) : [];
    let last: ListedEvent | undefined;
    for (const event of reader.history({ address })) if (event.mac !== null) last = event;
    const before =
      last === undefined
        ? guest(lease?.mac ?? null, (mac) => `${text} was leased to ${mac} before`)
        : guest(last.mac, (mac) => `${text} was last ${mac}'s: ${last.at} ${last.event} (${last.reason})`);
    return { now, before };
  } finally {
    reader.close();
  }
}

/** A reservation whose guest has not booted yet is known to the running gateway alone. */
async function reservedFor(
  address: Ipv4,
  options: LeaseFolderOptions,
  { environment }: CommandSurroundings,
): Promise<{ readonly reserved: readonly GuestOfAddress[]; readonly unasked: string | undefined }> {
  const text = ipv4ToText(address);
  try {
    const asked = await apiOf(options, environment).list<Reserved>('/reservations', { address: text });
    const reserved = asked.flatMap(({ id, mac: macs = [] }) =>
      macs.flatMap((each) => guest(each, (mac) => `${text} is reserved for ${mac} (reservation ${id})`)),
    );
    return { reserved, unasked: undefined };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { reserved: [], unasked: error.message };
  }
}

function guest(text: string | null, say: (mac: string) => string): GuestOfAddress[] {
  const mac = hardwareFromText(text ?? '');
  return mac === undefined || text === null ? [] : [{ mac, says: say(text) }];
}
