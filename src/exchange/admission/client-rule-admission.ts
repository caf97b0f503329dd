import { asksThisServer } from '../../engine/decision/asks-this-server.ts';
import { type ClientKey, clientKeyOf, keyOfClone } from '../../lease/client-key.ts';
import { isClaim, type Lease } from '../../lease/lease.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { dropByLists, NO_CLIENT_RULES } from '../../subnet/client-rules.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';
import type { ClientDrop } from '../observer/client-drop.ts';
import type { Admission } from '../parts/admission.ts';
import type { GuestPorts } from '../parts/exchange-parts.ts';

const VENDOR_CLASS = 60;

/**
 * The operator's rules of who is served (`Plan.clients`). What a client ends is taken all the same, and what it asks another
 * gateway for is noted: that gateway may serve it.
 *
 * @param dropped Told of each message that is dropped.
 * @param guestPorts Undefined: it is not known where guests are plugged in.
 */
export function clientRuleAdmission(
  leases: Pick<LeaseView, 'bindingOf' | 'leasesOf'>,
  dropped: (message: Message, why: ClientDrop) => void,
  guestPorts?: Pick<GuestPorts, 'portOf'>,
): Admission {
  return (message, _arrival, _monotonic, plan) => {
    if (plan.clients === NO_CLIENT_RULES || !asksThisServer(message, plan)) return 'admitted';
    const why = dropOf(message, plan, leases, guestPorts);
    if (why === undefined) return 'admitted';
    dropped(message, why);
    return why;
  };
}

/** RFC 2132 §9.13: the vendor class of a client, an octet a character. */
export function vendorClassOf(message: Message): string | undefined {
  const value = message.raw(VENDOR_CLASS);
  return value === undefined ? undefined : Buffer.from(value).toString('latin1');
}

function dropOf(
  message: Message,
  plan: Plan,
  leases: Pick<LeaseView, 'bindingOf' | 'leasesOf'>,
  guestPorts: Pick<GuestPorts, 'portOf'> | undefined,
): ClientDrop | undefined {
  const listed = dropByLists(plan.clients, message.hardware, vendorClassOf(message));
  if (listed !== 'listed') return listed;
  const { knownOnly, knownMacs, knownBy } = plan.clients;
  if (!knownOnly || knownMacs.has(message.hardware)) return undefined;
  const port = guestPortOf(message, guestPorts);
  const isKnown =
    knownBy === 'reserved' ? hasReservation(message, plan, port) : isKnownClient(message, plan, leases, port);
  return isKnown ? undefined : 'unknown-client';
}

/** True for a client that a reservation names. */
function hasReservation(
  message: Message,
  { identity, subnet }: Pick<Plan, 'identity' | 'subnet'>,
  port: string | undefined,
): boolean {
  const client = clientKeyOf(message, identity !== 'mac');
  const { hardware } = message;
  return client !== undefined && subnet.reservations.of({ client, hardware, message, port }) !== undefined;
}

/**
 * True for a client that has a reservation, or a lease, or has had one whose address was given to nobody else since. Machines
 * that share a client identifier are told apart by their network cards, as everywhere: no stranger is known by presenting
 * another machine's identifier; nor by a claim, which is what it may have said itself.
 *
 * @param port The port of this host's bridge that its card is behind.
 */
export function isKnownClient(
  message: Message,
  { identity, subnet }: Pick<Plan, 'identity' | 'subnet'>,
  leases: Pick<LeaseView, 'bindingOf' | 'leasesOf'>,
  port?: string,
): boolean {
  const client = clientKeyOf(message, identity !== 'mac');
  if (client === undefined) return false;
  const { hardware } = message;
  if (hasReservation(message, { identity, subnet }, port)) return true;
  const last = grantOf(client, leases);
  if (identity !== 'auto' || hardware === NO_HARDWARE) return last !== undefined;
  if (last?.hardware === hardware || grantOf(keyOfClone(client, hardware), leases) !== undefined) return true;
  return leases.leasesOf(hardware).length > 0; // The same card by another name: its boot loader's, for one.
}

/** The port of one guest that a message has come by; undefined: not known, or several are behind it. */
export function guestPortOf(
  message: Message,
  guestPorts: Pick<GuestPorts, 'portOf'> | undefined,
): string | undefined {
  const port = guestPorts?.portOf(message);
  return port?.kind === 'guest' ? port.name : undefined;
}

function grantOf(client: ClientKey, leases: Pick<LeaseView, 'bindingOf'>): Lease | undefined {
  const last = leases.bindingOf(client);
  return last === undefined || isClaim(last) ? undefined : last;
}
