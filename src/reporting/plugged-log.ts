import type { Log } from '../log/log.ts';
import { type HardwareAddress, hardwareFromText } from '../net/hardware-address.ts';

/** Where a network card is plugged in, for people: `VM 104, tap104i0`. Undefined: it is not known. */
export type PlaceOf = (card: HardwareAddress) => string | undefined;

/** The fields of a warning that name a machine by its MAC, and the field that says where it is. */
const PLACES = [
  ['hardware', 'port'],
  ['other', 'otherPort'],
  ['client', 'clientPort'],
] as const;

/** The same log. Its warnings also say where the machines that they name are plugged in. */
export function pluggedLog(log: Log, placeOf: PlaceOf): Log {
  const { written, isLevelEnabled } = log;
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(withPlaces(fields, placeOf), message),
    error: (fields, message) => log.error(fields, message),
    ...(written === undefined ? {} : { written: written.bind(log) }),
    ...(isLevelEnabled === undefined ? {} : { isLevelEnabled: isLevelEnabled.bind(log) }),
  };
}

function withPlaces(fields: object, placeOf: PlaceOf): object {
  let places: Record<string, string> | undefined;
  for (const [field, place] of PLACES) {
    const value: unknown = Object.hasOwn(fields, field) ? fields[field as keyof typeof fields] : undefined;
    const card = typeof value === 'string' ? hardwareFromText(value) : undefined;
    const found = card === undefined ? undefined : placeOf(card);
    if (found === undefined) continue;
    places ??= {};
    places[place] = found;
  }
  return places === undefined ? fields : { ...fields, ...places };
}
