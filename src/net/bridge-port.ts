/** A guest of this host, as the name of its port tells it. `guest`: a VM or a container, the name does not say which. */
export interface PluggedGuest {
  readonly kind: 'VM' | 'container' | 'guest';
  /** The platform's number for it. */
  readonly id: string;
}

/**
 * A port of the segment's bridge. guest: one network card of one guest is behind it. tunnel: all that is behind other
 * hosts. shared: anything else, so it is not known how many machines are behind it.
 */
export type BridgePort =
  | {
      readonly kind: 'guest';
      /** Of the interface. A port that is made anew under its old name has another one. */
      readonly index: number;
      readonly name: string;
      /** Undefined: its name does not tell which. */
      readonly guest: PluggedGuest | undefined;
    }
  | { readonly kind: 'tunnel' | 'shared'; readonly index: number; readonly name: string };

/** What the kernel says of a port's interface. */
export interface PortLink {
  readonly index: number;
  readonly name: string;
  /** `tun`, `veth`, `vxlan`, ...; empty for most physical ones. */
  readonly type: string;
}

const NUMBER = '([1-9][0-9]{0,8})';
/** Proxmox VE: the card of a VM, of a container, and of either where its firewall stands between. */
const OF_VM = new RegExp(`^tap${NUMBER}i[0-9]+$`);
const OF_CONTAINER = new RegExp(`^veth${NUMBER}i[0-9]+$`);
const OF_FIREWALL = new RegExp(`^fwpr${NUMBER}p([0-9]+)$`);
/** libvirt: the card of some VM. */
const OF_SOME_VM = /^vnet[0-9]+$/;

/**
 * What is behind a port, by the name and the type of its interface. A VPN or a second bridge may be behind an interface of
 * the same type, so the name has to be one that a platform gives to a guest's card.
 *
 * @param exists Whether this host has an interface of that name: it tells VMs and containers behind a firewall apart.
 */
export function bridgePortOf({ index, name, type }: PortLink, exists: (name: string) => boolean): BridgePort {
  if (type === 'vxlan' || type === 'geneve') return { kind: 'tunnel', index, name };
  const guest = type === 'tun' || type === 'veth' ? guestNamed(name, exists) : undefined;
  if (guest !== undefined) return { kind: 'guest', index, name, guest };
  const isSomeVm = type === 'tun' && OF_SOME_VM.test(name);
  return isSomeVm ? { kind: 'guest', index, name, guest: undefined } : { kind: 'shared', index, name };
}

function guestNamed(name: string, exists: (name: string) => boolean): PluggedGuest | undefined {
  const [, vm] = OF_VM.exec(name) ?? [];
  if (vm !== undefined) return { kind: 'VM', id: vm };
  const [, container] = OF_CONTAINER.exec(name) ?? [];
  if (container !== undefined) return { kind: 'container', id: container };
  const [, id, card] = OF_FIREWALL.exec(name) ?? [];
  if (id === undefined) return undefined;
  if (exists(`tap${id}i${card}`)) return { kind: 'VM', id };
  return { kind: exists(`veth${id}i${card}`) ? 'container' : 'guest', id };
}

/** The number of the guest in the name of its port; undefined: the name has none. */
export function guestIdIn(portName: string): string | undefined {
  return (OF_VM.exec(portName) ?? OF_CONTAINER.exec(portName) ?? OF_FIREWALL.exec(portName))?.[1];
}

/** For people: `VM 104, tap104i0`, `another node, vxlan_vpsnet`, or only the name of a port that tells no guest. */
export function portToText(port: BridgePort): string {
  if (port.kind === 'tunnel') return `another node, ${port.name}`;
  const guest = port.kind === 'guest' ? port.guest : undefined;
  return guest === undefined ? port.name : `${guest.kind} ${guest.id}, ${port.name}`;
}
