import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareFromText } from '../net/hardware-address.ts';

/** Where a network card is plugged in, for people: `VM 104, tap104i0`. Undefined: it is not known. */
export type PortTextOf = (card: HardwareAddress) => string | undefined;

/** The fields of a warning that name a machine by its MAC, and the field that says where it is. */
const PORT_FIELDS = [
  ['hardware', 'port'],
  ['other', 'otherPort'],
  ['client', 'clientPort'],
] as const;

/** The same log. Its warnings also say where the machines that they name are plugged in. */
export function pluggedLog(log: Log, portTextOf: PortTextOf): Log {
  const { written, isLevelEnabled } = log;
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(withPorts(fields, portTextOf), message),
    error: (fields, message) => log.error(fields, message),
    ...(written === undefined ? {} : { written: written.bind(log) }),
    ...(isLevelEnabled === undefined ? {} : { isLevelEnabled: isLevelEnabled.bind(log) }),
  };
}

function withPorts(fields: object, portTextOf: PortTextOf): object {
  let ports: Record<string, string> | undefined;
  for (const [field, portField] of PORT_FIELDS) {
    const value: unknown = Object.hasOwn(fields, field) ? fields[field as keyof typeof fields] : undefined;
    const card = typeof value === 'string' ? hardwareFromText(value) : undefined;
    const found = card === undefined ? undefined : portTextOf(card);
    if (found === undefined) continue;
    ports ??= {};
    ports[portField] = found;
  }
  return ports === undefined ? fields : { ...fields, ...ports };
}
