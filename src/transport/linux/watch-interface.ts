import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { type Interface, openInterfaceReader, openNetlink } from './interfaces.ts';
import { AF_NETLINK, ENOBUFS, MSG_DONTWAIT } from './linux.ts';
import { LINK_AND_ADDRESS_NEWS, netlinkMessages } from './netlink.ts';
import { whenReadable } from './readiness.ts';

/** What became of an interface, and how to say it. */
export type InterfaceEvent =
  | { readonly kind: 'deleted' | 'created' | 'replaced' | 'vrf-changed' }
  | { readonly kind: 'down' | 'up' | 'carrier-lost' | 'carrier-back' | 'mtu-changed' | 'hardware-changed' }
  | { readonly kind: 'address-lost' | 'address-back'; readonly address: Ipv4 };

/** All that differs between two looks at one interface; undefined: it is not there. */
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

/** Between two looks when nothing tells us of changes, in milliseconds. */
const POLL_MILLISECONDS = 1000;
/** And when rtnetlink does: only for what it may have lost. */
const SAFETY_MILLISECONDS = 10_000;

/**
 * Calls back with what changed at an interface, which need not be there yet. The kernel's news (rtnetlink) make us look
 * at once; without them we look every second. Never keeps the process alive.
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
  const news = openNews((index, named) => {
    if (named === name || index === now?.index) look();
  }, look);
  const timer = setInterval(look, news === undefined ? POLL_MILLISECONDS : SAFETY_MILLISECONDS);
  timer.unref();
  now = find(); // After the news are open, so that nothing falls between.
  return {
    get now() {
      return now;
    },
    close: () => {
      clearInterval(timer);
      news?.close();
      reader.close();
    },
  };
}

/** Listens to the news of all interfaces; undefined where that cannot be had. */
function openNews(
  heard: (index: number, name: string | undefined) => void,
  missed: () => void,
): { close(): void } | undefined {
  const netlink = openNetlink();
  if (netlink === undefined) return undefined;
  const { libc, fd } = netlink;
  const groups = new Uint8Array(12); // struct sockaddr_nl
  groups[0] = AF_NETLINK;
  groups[8] = LINK_AND_ADDRESS_NEWS;
  if (libc.bind(fd, groups) < 0) {
    libc.close(fd);
    return undefined;
  }
  const buffer = new Uint8Array(65_536);
  const read = (): void => {
    const length = libc.recv(fd, buffer, MSG_DONTWAIT);
    if (length === -ENOBUFS) missed(); // News that did not fit.
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
