import { ip, messageType, type PacketFields, type PacketOption, packet } from './packet.ts';

/** What a guest puts into all its messages. */
export interface GuestHabits {
  /** Option 61's bytes; none unless said. */
  readonly identifier?: readonly number[];
  /** Asks for replies by broadcast. */
  readonly broadcasts?: boolean;
  /** The relay that its messages go through, dotted text, and the option 82 that the relay adds. */
  readonly relay?: string;
  readonly relayInformation?: readonly number[];
  readonly requestList?: readonly number[];
  readonly options?: readonly PacketOption[];
  readonly fields?: PacketFields;
}

/** The messages of one DHCP client, in each state of RFC 2131 §4.4, figure 5; built without any code of ours. */
export class Guest {
  readonly mac: string;
  readonly habits: GuestHabits;
  xid = 0x1000;

  constructor(address: string, habits: GuestHabits = {}) {
    this.mac = address;
    this.habits = habits;
  }

  discover(extra: readonly PacketOption[] = [], fields: Partial<PacketFields> = {}): Uint8Array {
    return this.message('DHCPDISCOVER', fields, extra);
  }

  /** SELECTING: takes the offer of an address by a server. */
  select(address: string, server: string, extra: readonly PacketOption[] = []): Uint8Array {
    return this.message('DHCPREQUEST', {}, [[50, ...ip(address)], [54, ...ip(server)], ...extra]);
  }

  reboot(address: string): Uint8Array {
    return this.message('DHCPREQUEST', {}, [[50, ...ip(address)]]);
  }

  /** RENEWING and REBINDING: the same message, sent by unicast or by broadcast. */
  extend(address: string, extra: readonly PacketOption[] = []): Uint8Array {
    return this.message('DHCPREQUEST', { ciaddr: address }, extra);
  }

  release(address: string, server: string): Uint8Array {
    return this.message('DHCPRELEASE', { ciaddr: address }, [[54, ...ip(server)]]);
  }

  decline(address: string, server: string): Uint8Array {
    return this.message('DHCPDECLINE', {}, [
      [50, ...ip(address)],
      [54, ...ip(server)],
    ]);
  }

  inform(address: string): Uint8Array {
    return this.message('DHCPINFORM', { ciaddr: address }, []);
  }

  /** RFC 951: no option 53. */
  bootp(): Uint8Array {
    return packet({ chaddr: this.mac, xid: this.xid });
  }

  message(
    type: Parameters<typeof messageType>[0],
    fields: PacketFields,
    extra: readonly PacketOption[],
  ): Uint8Array {
    const { identifier, broadcasts, relay, relayInformation, requestList, options } = this.habits;
    const all: PacketOption[] = [messageType(type), ...extra];
    if (identifier !== undefined) all.push([61, ...identifier]);
    if (requestList !== undefined) all.push([55, ...requestList]);
    if (options !== undefined) all.push(...options);
    if (relayInformation !== undefined) all.push([82, ...relayInformation]);
    return packet({
      chaddr: this.mac,
      xid: this.xid,
      flags: broadcasts === true ? 0x8000 : 0,
      giaddr: relay ?? '0.0.0.0',
      options: all,
      ...this.habits.fields,
      ...fields,
    });
  }
}
