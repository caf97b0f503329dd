import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { type Interface, openInterfaceReader, openNetlink } from './interfaces.ts';
import { AF_NETLINK, ENOBUFS, MSG_DONTWAIT } from './linux.ts';
import { LINK_AND_ADDRESS_NOTICES, netlinkMessages } from './netlink.ts';
import { whenReadable } from './readiness.ts';

/** A change of an interface. */
export type InterfaceEvent =
  | { readonly kind: 'deleted' | 'created' | 'replaced' | 'vrf-changed' }
  | { readonly kind: 'down' | 'up' | 'carrier-lost' | 'carrier-back' | 'mtu-changed' | 'hardware-changed' }
  | { readonly kind: 'address-lost' | 'address-back'; readonly address: Ipv4 };

/** The changes between two readings of one interface; undefined: it does not exist. */
export function interfaceEvents(
  was: Interface | undefined,
  now: Interface | undefined,
): readonly InterfaceEvent[] {
  if (was === undefined) return now === undefined ? [] : [{ kind: 'created' }];
  if (now === undefined) return [{ kind: 'deleted' }];
  if (was.index !== now.index) return [{ kind: 'replaced' }]; // Another interface of the same name.
  const events: InterfaceEvent[] = [];
  if (was.up !== now.up) events.push({ kind: now.up ? 'up' : 'down' });
  if (was.carrier !== now.carrier) events.push({ kind: now.carrier ? 'carrier-back' : 'carrier-lost' });
  if (was.mtu !== now.mtu) events.push({ kind: 'mtu-changed' });
  if (was.vrf?.index !== now.vrf?.index) events.push({ kind: 'vrf-changed' });
  if (was.hardware !== now.hardware) events.push({ kind: 'hardware-changed' });
  const had = new Set(was.addresses.map(({ address }) => address));
  const has = new Set(now.addresses.map(({ address }) => address));
  for (const address of had) if (!has.has(address)) events.push({ kind: 'address-lost', address });
  for (const address of has) if (!had.has(address)) events.push({ kind: 'address-back', address });
  return events;
}

export function interfaceEventText(name: string, event: InterfaceEvent): string {
  const address = 'address' in event ? ` ${ipv4ToText(event.address)}` : '';
  return `${name}: ${event.kind.replace('-', ' ')}${address}`;
}

export interface InterfaceWatch {
  readonly now: Interface | undefined;
  close(): void;
}

/** Time between two readings without notices of the kernel: milliseconds. */
const POLL_MILLISECONDS = 1000;
/** Time between two readings with notices, which may be lost: milliseconds. */
const SAFETY_MILLISECONDS = 10_000;

/**
 * Calls `changed` with the changes of an interface, which need not exist yet. It is read at each notice of the kernel
 * (rtnetlink), or every second without them. Does not keep the process alive.
 */
export function watchInterface(
  name: string,
  changed: (events: readonly InterfaceEvent[], now: Interface | undefined) => void,
): InterfaceWatch {
  const reader = openInterfaceReader();
  const find = () => reader.read().find((each) => each.name === name);
  let now: Interface | undefined;
  const look = (): void => {
    const was = now;
    now = find();
    const events = interfaceEvents(was, now);
    if (events.length > 0) changed(events, now);
  };
  const notices = openNotices((index, named) => {
    if (named === name || index === now?.index) look();
  }, look);
  const timer = setInterval(look, notices === undefined ? POLL_MILLISECONDS : SAFETY_MILLISECONDS);
  timer.unref();
  now = find(); // After the notices are open, so no change is missed between.
  return {
    get now() {
      return now;
    },
    close: () => {
      clearInterval(timer);
      notices?.close();
      reader.close();
    },
  };
}

/** Receives the kernel's notices of all interfaces; undefined: not possible. */
function openNotices(
  heard: (index: number, name: string | undefined) => void,
  missed: () => void,
): { close(): void } | undefined {
  const netlink = openNetlink();
  if (netlink === undefined) return undefined;
  const { libc, fd } = netlink;
  const groups = new Uint8Array(12); // struct sockaddr_nl
  groups[0] = AF_NETLINK;
  groups[8] = LINK_AND_ADDRESS_NOTICES;
  if (libc.bind(fd, groups) < 0) {
    libc.close(fd);
    return undefined;
  }
  const buffer = new Uint8Array(65_536);
  const read = (): void => {
    const length = libc.recv(fd, buffer, MSG_DONTWAIT);
    if (length === -ENOBUFS) missed(); // Notices were lost: the buffer was full.
    if (length <= 0) return;
    for (const message of netlinkMessages(buffer.subarray(0, length))) {
      if (message.kind === 'link' || message.kind === 'link-gone') heard(message.index, message.name);
      else if (message.kind === 'address' || message.kind === 'address-gone') heard(message.index, undefined);
    }
  };
  const readiness = whenReadable(libc, fd, read);
  return {
    close: () => {
      readiness.close();
      libc.close(fd);
    },
  };
}
