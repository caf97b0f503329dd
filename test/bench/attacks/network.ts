import { execFileSync } from 'node:child_process';
import type { AddressPlan } from '../machine/segment.ts';
import { SERVER_DEVICE } from '../machine/segment.ts';

/** As operators have it: a pool of 235 addresses. */
export const PLAN: AddressPlan = {
  server: '10.15.3.10',
  router: '10.15.3.1',
  subnet: '10.15.3.0',
  netmask: '255.255.255.0',
  prefixLength: 24,
  pool: { first: '10.15.3.20', last: '10.15.3.254' },
};
/** Another gateway's, which is not there. */
export const INVENTED_GATEWAY = '10.15.3.11';
export const ATTACKER_DEVICE = 'a0';

/** node: the server's machine has the bridge and sees its ports. guest: it is behind one port and sees none. */
export type ServerPlace = 'node' | 'guest';

/** Each guest and the attacker at a port of its own of one bridge, and the server on that bridge. */
export class AttackedNetwork {
  readonly server: string;
  readonly guests: string;
  readonly attacker: string;
  readonly #switch: string;
  readonly #names: readonly string[];

  constructor(number: number) {
    const [server = '', guests = '', attacker = '', bridge = ''] = ['s', 'g', 'a', 'b'].map(
      (part) => `vpsattack-${process.pid}-${number}${part}`,
    );
    this.server = server;
    this.guests = guests;
    this.attacker = attacker;
    this.#switch = bridge;
    this.#names = [server, guests, attacker, bridge];
  }

  /** Needs root. */
  open(place: ServerPlace, guests: number): void {
    for (const name of this.#names) ip('netns', 'add', name);
    const [home, bridge] = place === 'node' ? [this.server, SERVER_DEVICE] : [this.#switch, 'br0'];
    ip('-n', home, 'link', 'add', bridge, 'type', 'bridge', 'ageing_time', '3000');
    if (place === 'guest') this.#plug(home, bridge, 'tap100i0', this.server, SERVER_DEVICE);
    const lines = Array.from({ length: guests }, (_, number) => deviceOfGuest(number));
    for (const [number, device] of lines.entries())
      this.#plug(home, bridge, `tap${200 + number}i0`, this.guests, device);
    this.#plug(home, bridge, 'tap104i0', this.attacker, ATTACKER_DEVICE);
    // A vnet's guests need not see each other, and the machine not pay for 40 copies of each frame of a flood.
    for (const port of [...lines.map((_, number) => `tap${200 + number}i0`), 'tap104i0'])
      ip('-n', home, 'link', 'set', port, 'type', 'bridge_slave', 'isolated', 'on', 'flood', 'off');
    ip('-n', home, 'link', 'set', 'tap104i0', 'type', 'bridge_slave', 'flood', 'on');
    ip('-n', this.server, 'addr', 'add', `${PLAN.server}/${PLAN.prefixLength}`, 'dev', SERVER_DEVICE);
    for (const [name, device] of [
      [this.server, 'lo'],
      [home, bridge],
      [this.server, SERVER_DEVICE],
    ] as const)
      ip('-n', name, 'link', 'set', device, 'up');
  }

  /** The hardware address of the server's interface. */
  serverHardware(): string {
    const [link] = JSON.parse(ip('-j', '-n', this.server, 'link', 'show', SERVER_DEVICE));
    return String(link.address);
  }

  /** Ends all of it; no error if it is not there. */
  close(): void {
    for (const name of this.#names) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made.
      }
    }
  }

  #plug(home: string, bridge: string, port: string, machine: string, device: string): void {
    ip(
      ...['link', 'add', port, 'netns', home, 'type', 'veth'],
      ...['peer', 'name', device, 'netns', machine],
    );
    ip('-n', home, 'link', 'set', port, 'master', bridge, 'up');
    ip('-n', machine, 'link', 'set', device, 'up');
  }
}

/** A guest's network card in the namespace of all guests. */
export function deviceOfGuest(number: number): string {
  return `g${number}`;
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
