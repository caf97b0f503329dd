import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { hardwareFromText } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { CallError } from '../../platform/call-error.ts';
import { type MessageOf, type PartOf, timeOf } from '../../platform/message-type.ts';
import type { UNARY, UnaryMethod } from '../../platform/messages.ts';
import type { AddressState } from '../../server/status/address-map.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { leaseAt } from '../routes/reservation-answer.ts';
import { leaseEndOf, listAllocations, listLeases } from './list-allocations.ts';
import { inForce, pin, unpin } from './pins.ts';
import type { PlatformCaller, PlatformParts } from './platform-parts.ts';
import {
  idBeside,
  idIn,
  invalid,
  isInSubnet,
  optionalAddress,
  optionalCard,
  optionalId,
} from './read-fields.ts';
import type { Synchronizer } from './synchronizer.ts';
import type { Turns } from './turns.ts';

type Request<Name extends UnaryMethod> = MessageOf<(typeof UNARY)[Name]['request']>;
type Response<Name extends UnaryMethod> = PartOf<(typeof UNARY)[Name]['response']>;

/** The calls of the platform. Each throws CallError, or Problem as the routes of the API do. */
export type UnaryCalls = {
  readonly [Name in UnaryMethod]: (request: Request<Name>, caller: PlatformCaller) => Promise<Response<Name>>;
};

/** Calls that a secret for reading may make. */
export const READS: ReadonlySet<string> = new Set<UnaryMethod>([
  'ListIPs',
  'GetGatewayInfo',
  'GetLeases',
  'GetOrgLeases',
]);

/** An address that nobody has: a wish for it displaces no guest. */
const UNUSED: readonly AddressState[] = ['free', 'free-quiet', 'outside-pool'];

export function unaryCalls(parts: PlatformParts, synchronizer: Synchronizer, turns: Turns): UnaryCalls {
  return {
    AllocateIP: (request, caller) => turns.run(() => allocate(parts, request, caller)),
    ReleaseIP: (request, caller) => turns.run(() => release(parts, request, caller)),
    ListIPs: async (wanted, caller) => ({ allocations: await listAllocations(parts, wanted, caller) }),
    GetGatewayInfo: () => gatewayInfo(parts),
    GetLeases: async (_, caller) => {
      const found = await listLeases(parts, { organizationId: '', vpsId: '' }, caller);
      const leases = found.map((lease) => ({
        macAddress: lease.mac ?? '',
        ipAddress: lease.address,
        hostname: lease.hostname ?? '',
        expiresAt: timeOf(leaseEndOf(lease, parts.now())),
      }));
      return { leases };
    },
    GetOrgLeases: async (wanted, caller) => {
      idIn('organization_id', wanted.organizationId);
      const found = await listLeases(parts, wanted, caller);
      const leases = found.map((lease) => ({
        vpsId: lease.vps_id ?? '',
        organizationId: lease.organization_id ?? '',
        macAddress: lease.mac ?? '',
        ipAddress: lease.address,
        expiresAt: timeOf(leaseEndOf(lease, parts.now())),
      }));
      return { leases };
    },
    SyncAllocations: (request, caller) => synchronizer.run(request, caller),
    AddStaticDHCPLease: (request, caller) => turns.run(() => addStatic(parts, request, caller)),
    RemoveStaticDHCPLease: (request, caller) => turns.run(() => removeStatic(parts, request, caller)),
  };
}

async function allocate(
  parts: PlatformParts,
  { vpsId, organizationId, macAddress, preferredIp }: Request<'AllocateIP'>,
  caller: PlatformCaller,
): Promise<Response<'AllocateIP'>> {
  const id = idIn('vps_id', vpsId);
  const card = optionalCard('mac_address', macAddress);
  const wish = optionalAddress('preferred_ip', preferredIp);
  const address = wish !== undefined && (await isUnused(parts, id, wish)) ? wish : undefined;
  const said = {
    id,
    vpsId: id,
    organizationId: optionalId('organization_id', organizationId),
    card,
    address,
  };
  const { reservation } = await pin(parts, said, caller);
  const lease = await parts.leases.read(({ database }) => leaseAt(database, reservation, caller.signal));
  const { mask, router, dns } = parts.subnet();
  return {
    ipAddress: ipv4ToText(reservation.address),
    subnetMask: mask,
    gateway: router,
    dnsServers: dns,
    leaseExpires: timeOf(leaseEndOf(lease, parts.now())),
  };
}

/** A wish counts only if it takes nothing from anybody. */
async function isUnused({ gateway, subnet }: PlatformParts, id: OutsideId, wish: Ipv4): Promise<boolean> {
  if (!isInSubnet(subnet(), wish)) return false;
  const [mapped] = await gateway.mapAddresses(wish, wish);
  if (mapped === undefined) return false;
  return UNUSED.includes(mapped.state) && (mapped.reservation === undefined || mapped.reservation === id);
}

async function release(
  parts: PlatformParts,
  { vpsId, ipAddress }: Request<'ReleaseIP'>,
  caller: PlatformCaller,
): Promise<Response<'ReleaseIP'>> {
  const vps = idIn('vps_id', vpsId);
  const address = optionalAddress('ip_address', ipAddress);
  const found = await reservationsWhere(parts, (each) => each.vpsId === vps, caller);
  const wanted = address === undefined ? found : found.filter((each) => each.address === address);
  if (found.length === 0) throw new CallError('not_found', `nothing is allocated to ${vps}`);
  if (wanted.length === 0)
    throw new CallError(
      'failed_precondition',
      `${vps} does not have ${ipAddress}: it has ${found.map((each) => ipv4ToText(each.address)).join(', ')}`,
    );
  const released = await removeAll(parts, wanted, caller);
  return { success: true, message: `released ${released.join(', ')} of ${vps}` };
}

/** @throws CallError for one that the platform does not keep. */
async function removeAll(
  parts: PlatformParts,
  reservations: readonly Reservation[],
  caller: PlatformCaller,
): Promise<readonly string[]> {
  const others = reservations.find(({ source }) => source !== 'platform');
  if (others !== undefined)
    throw new CallError(
      'failed_precondition',
      `${others.id} is kept by ${others.source === 'file' ? 'the settings file' : 'an operator'}: remove it there`,
    );
  for (const reservation of reservations) await unpin(parts, reservation, caller);
  return reservations.map(({ address }) => ipv4ToText(address));
}

async function addStatic(
  parts: PlatformParts,
  request: Request<'AddStaticDHCPLease'>,
  caller: PlatformCaller,
): Promise<Response<'AddStaticDHCPLease'>> {
  const { vpsId, organizationId, macAddress, ipAddress, isPublic } = request;
  const vps = idIn('vps_id', vpsId);
  const card = optionalCard('mac_address', macAddress);
  const address = optionalAddress('ip_address', ipAddress);
  if (card === undefined || address === undefined)
    throw invalid('mac_address and ip_address are both wanted');
  const subnet = parts.subnet();
  if (!isInSubnet(subnet, address))
    throw new CallError(
      'failed_precondition',
      `${ipAddress} is outside the segment ${subnet.prefix}, which alone is served by DHCP: configure it in the guest (cloud-init)`,
    );
  const id = isPublic ? idBeside(vps, address) : vps;
  const organization = optionalId('organization_id', organizationId);
  const said = { id, vpsId: vps, organizationId: organization, card, address, isPublic, moves: true };
  const { reservation } = await pin(parts, said, caller);
  if (reservation.address !== address)
    throw new CallError(
      'failed_precondition',
      `${id} is kept by the settings file, with ${ipv4ToText(reservation.address)}: change it there`,
    );
  return { success: true, message: `${ipAddress} is reserved for ${card} (${vps})` };
}

async function removeStatic(
  parts: PlatformParts,
  { vpsId, macAddress, ipAddress }: Request<'RemoveStaticDHCPLease'>,
  caller: PlatformCaller,
): Promise<Response<'RemoveStaticDHCPLease'>> {
  const vps = optionalId('vps_id', vpsId);
  const card = optionalCard('mac_address', macAddress);
  const hardware = card === undefined ? undefined : hardwareFromText(card);
  const address = optionalAddress('ip_address', ipAddress);
  if (card === undefined && address === undefined) throw invalid('mac_address or ip_address is wanted');
  const isMeant = (each: Reservation) =>
    (vps === undefined || each.vpsId === vps) &&
    (hardware === undefined || each.macs.includes(hardware)) &&
    (address === undefined || each.address === address);
  const found = await reservationsWhere(parts, isMeant, caller);
  if (found.length === 0) throw new CallError('not_found', 'there is no such static lease');
  const released = await removeAll(parts, found, caller);
  return { success: true, message: `released ${released.join(', ')}` };
}

/** Those in force. */
async function reservationsWhere(
  { leases }: PlatformParts,
  isWanted: (each: Reservation) => boolean,
  { signal }: PlatformCaller,
): Promise<readonly Reservation[]> {
  return await leases.read(({ database }) =>
    readReservations(database, (each) => inForce(each) !== undefined && isWanted(each), signal),
  );
}

async function gatewayInfo({ asked, options, subnet }: PlatformParts): Promise<Response<'GetGatewayInfo'>> {
  const { status } = await asked.result();
  const { pool_start, pool_end, mask, router, dns } = subnet();
  const total = status.pool?.size ?? 0;
  return {
    version: options.version,
    dhcpPoolStart: pool_start,
    dhcpPoolEnd: pool_end,
    subnetMask: mask,
    gatewayIp: router,
    dnsServers: dns,
    totalIps: total,
    allocatedIps: Math.max(0, total - (status.pool?.left ?? 0)),
    dhcpStatus:
      status.verdict === 'not-served' ? (status.status === 'stopped' ? 'stopped' : 'error') : 'running',
    sshProxyStatus: 'stopped',
  };
}
