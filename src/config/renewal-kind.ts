import { secondsFromText } from './duration.ts';
import { fault, ok, type SettingKind } from './setting-kinds.ts';

const REMEDY = 'write a part of the lease, 50% or 0.5, or a duration in whole seconds: 6h, 90m';

/** A part of a lease (below 1), or seconds. */
export const renewalTime: SettingKind<number> = {
  placeholder: 'part|duration',
  read(text) {
    const [, percent] = /^(\d{1,2}(?:\.\d{1,3})?) ?%$/.exec(text) ?? [];
    const part = percent !== undefined ? Number(percent) / 100 : Number(/^0?\.\d{1,6}$/.exec(text)?.[0]);
    if (part > 0) return ok(part);
    const seconds = secondsFromText(text);
    if (seconds === undefined || !Number.isInteger(seconds)) return fault('is no time of a lease', REMEDY);
    return seconds >= 1 && seconds <= 0xfffffffe ? ok(seconds) : fault('is too short, or too long', REMEDY);
  },
};
