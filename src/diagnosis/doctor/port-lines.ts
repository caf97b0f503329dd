import { bad, type DoctorLine, good, unknown } from './doctor-line.ts';

/** Who has a socket on UDP port 67. */
export interface PortHolder {
  /** Where it listens: `0.0.0.0`, `10.15.3.10`. */
  readonly address: string;
  /** The name of the program and its number; undefined: of another user, or of another container. */
  readonly program: string | undefined;
  readonly pid: number | undefined;
  /** It is a gateway of ours. */
  readonly isGateway: boolean;
}

/** @param holders Undefined: /proc could not be read. */
export function portLines(holders: readonly PortHolder[] | undefined): readonly DoctorLine[] {
  const show = "ss -ulpn 'sport = :67'";
  if (holders === undefined) return [unknown('port-67', 'who has UDP port 67 could not be read', show)];
  const others = holders.filter(({ isGateway }) => !isGateway);
  if (others.length === 0)
    return [good('port-67', holders.length === 0 ? 'UDP port 67 is free' : "UDP port 67 is the gateway's")];
  return others.map(({ address, program, pid }) => {
    if (program === undefined || pid === undefined)
      return unknown(
        'port-67',
        `a program that is not shown to this user listens on ${address}:67`,
        `sudo ${show}`,
      );
    return bad(
      'port-67',
      `${program} (process ${pid}) listens on ${address}:67`,
      'two DHCP servers on one interface both answer, so the gateway waits until the port is free',
      stopOf(program, pid),
    );
  });
}

const UNITS: Readonly<Record<string, string>> = {
  dnsmasq: 'dnsmasq',
  dhcpd: 'isc-dhcp-server',
  'kea-dhcp4': 'kea-dhcp4-server',
};

function stopOf(program: string, pid: number): string {
  const unit = UNITS[program];
  return unit === undefined ? `kill ${pid}` : `systemctl disable --now ${unit}`;
}
