import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MachineFacts } from '../../diagnosis/doctor/machine-lines.ts';
import { openSqlite } from '../../store/sqlite/disk/driver.ts';
import { loadLibc } from '../../transport/linux/libc.ts';
import { capabilitiesOf } from './read-port.ts';

type Koffi = typeof import('koffi');

const CLOCK_SOURCE = '/sys/devices/system/clocksource/clocksource0/current_clocksource';
/** adjtimex(2): struct timex has 208 octets; the state of an unsynchronized clock. */
const TIMEX_OCTETS = 256;
const TIME_ERROR = 5;

/** @param gateway The process of the running gateway. */
export function readMachine(gateway: number | undefined): MachineFacts {
  return {
    nodeVersion: process.versions.node,
    koffiFault: faultOf(loadLibc),
    sqliteFault: faultOf(() => openSqlite(':memory:').close()),
    capabilities: capabilitiesOf(gateway ?? 'self'),
    isOfGateway: gateway !== undefined,
    isClockSynchronized: isClockSynchronized(),
    clockSource: sourceOfClock(),
  };
}

function faultOf(load: () => unknown): string | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What the kernel says; undefined: it may not be asked, as in some containers. */
function isClockSynchronized(): boolean | undefined {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi');
    const state: number = koffi.load(null).func('adjtimex', 'int', ['void *'])(new Uint8Array(TIMEX_OCTETS));
    return state < 0 ? undefined : state !== TIME_ERROR;
  } catch {
    return undefined;
  }
}

function sourceOfClock(): string | undefined {
  try {
    return readFileSync(CLOCK_SOURCE, 'latin1').trim() || undefined;
  } catch {
    return undefined;
  }
}
