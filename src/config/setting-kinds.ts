import { INFINITE_SECONDS } from '../lease/lease.ts';
import { secondsFromText } from './duration.ts';

/** The result of reading a value: the value, or its fault and the remedy. */
export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: string; readonly remedy: string };

/** A type of setting: its name in the help, and how its text is read (blanks around it are cut before). */
export interface SettingKind<Value> {
  readonly placeholder: string;
  /** A switch has flags without a value. */
  readonly isSwitch?: true;
  /** Several values, separated by commas. */
  readonly isList?: true;
  /** A secret is never shown. */
  readonly isSecret?: true;
  read(text: string): Reading<Value>;
}

export function ok<Value>(value: Value): Reading<Value> {
  return { ok: true, value };
}

export function fault(what: string, remedy: string): Reading<never> {
  return { ok: false, fault: what, remedy };
}

/** A list, separated by commas; `off` is the empty list. */
export function listOf<Value>(
  placeholder: string,
  part: SettingKind<Value>,
  most: number,
): SettingKind<readonly Value[]> {
  return {
    placeholder,
    isList: true,
    read(text) {
      if (isOff(text)) return ok([]);
      const values: Value[] = [];
      const items = text.split(',').map((item) => item.trim());
      for (const item of items) {
        const read = part.read(item);
        if (!read.ok) {
          const isShown = items.length > 1 && !text.includes('@'); // An item may be half of a password.
          const what = isShown ? `'${item}' ` : '';
          return fault(`${what}${read.fault}`, read.remedy);
        }
        values.push(read.value);
      }
      return values.length <= most
        ? ok(values)
        : fault(`has more than ${most} values`, `leave the ${most} that matter`);
    },
  };
}

/** A duration, in seconds. `infinite` only where it is allowed (RFC 2131 §3.3). */
export function seconds(least: number, most: number, allowsInfinite?: 'infinite'): SettingKind<number> {
  const infinite = allowsInfinite === undefined ? '' : ' or infinite';
  return {
    placeholder: 'duration',
    read(text) {
      if (allowsInfinite !== undefined && text.toLowerCase() === 'infinite') return ok(INFINITE_SECONDS);
      const value = secondsFromText(text);
      if (value === undefined || !Number.isInteger(value)) {
        return fault(
          'is not a duration in whole seconds',
          `write 12h, 90m, 1h30m, 7d, 3600 (seconds)${infinite}`,
        );
      }
      if (value < least) return fault('is too short', `use at least ${least} seconds${infinite}`);
      return value > most ? fault('is too long', `use at most ${most} seconds${infinite}`) : ok(value);
    },
  };
}

/** A short duration in milliseconds, 0 for `off`; a number without a unit is milliseconds. */
export function milliseconds(most: number): SettingKind<number> {
  return {
    placeholder: 'duration',
    read(text) {
      if (isOff(text)) return ok(0);
      const value = /^\d+$/.test(text)
        ? Number(text)
        : Math.round((secondsFromText(text) ?? Number.NaN) * 1000);
      if (Number.isNaN(value))
        return fault('is not a duration', 'write 300ms, 300 (milliseconds), 1s or off');
      return value > most ? fault('is too long', `use at most ${most}ms`) : ok(value);
    },
  };
}

/** A whole number of percent, with its sign or without. */
export function percentage(least: number, most: number): SettingKind<number> {
  return {
    placeholder: 'percent',
    read(text) {
      const value = Number(/^(\d{1,9}) ?%?$/.exec(text)?.[1] ?? Number.NaN);
      if (Number.isNaN(value))
        return fault('is not a whole percentage', `write a number from ${least} to ${most}, or off`);
      if (value < least) return fault('is too little', `use at least ${least}, or off`);
      return value > most ? fault('is too much', `use at most ${most}`) : ok(value);
    },
  };
}

/** A whole number. */
export function count(least: number, most: number): SettingKind<number> {
  return {
    placeholder: 'number',
    read(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most
        ? ok(value)
        : fault('is not a number that is allowed here', `write a whole number from ${least} to ${most}`);
    },
  };
}

export const port: SettingKind<number> = {
  placeholder: 'port',
  read(text) {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    return value >= 1 && value <= 65535
      ? ok(value)
      : fault('is not a port', 'write a number from 1 to 65535');
  },
};

const ON = ['on', 'true', 'yes', '1'];
const OFF = ['off', 'false', 'no', '0'];

export function isOff(text: string): boolean {
  return ['off', 'none'].includes(text.toLowerCase());
}

export const switchOf: SettingKind<boolean> = {
  placeholder: 'on|off',
  isSwitch: true,
  read(text) {
    if (ON.includes(text.toLowerCase())) return ok(true);
    return OFF.includes(text.toLowerCase()) ? ok(false) : fault('is neither on nor off', 'write on or off');
  },
};

export function oneOf<const Word extends string>(...words: readonly Word[]): SettingKind<Word> {
  return {
    placeholder: words.join('|'),
    read(text) {
      const word = words.find((candidate) => candidate === text.toLowerCase());
      return word === undefined
        ? fault('is not a word that is known here', `use one of ${words.join(', ')}`)
        : ok(word);
    },
  };
}

/** The same kind, or the word `off`. */
export function orOff<Value>(kind: SettingKind<Value>): SettingKind<Value | 'off'> {
  return { ...kind, read: (text) => (isOff(text) ? ok('off') : kind.read(text)) };
}

/**
 * A path as it is written. A quotation mark or a tilde at its beginning is refused: only a shell would replace it, and no
 * shell reads an env file, so a directory of that name would be made.
 */
export function path(placeholder: 'file' | 'directory'): SettingKind<string> {
  return {
    placeholder,
    read(text) {
      if (/^(['"]|~(\/|$))/.test(text))
        return fault(
          `is no path: no shell has read its ${text[0]} here`,
          `write the path of a ${placeholder}: /...`,
        );
      return text === '' || /\p{Cc}/u.test(text)
        ? fault('is not a path', `write the path of a ${placeholder}`)
        : ok(text);
    },
  };
}

export const directory: SettingKind<string> = path('directory');

export const secret: SettingKind<string> = { placeholder: 'secret', isSecret: true, read: ok };

const OLD_LEVELS: Readonly<Record<string, string>> = {
  warning: 'warn',
  panic: 'fatal',
  off: 'silent',
  none: 'silent',
};
const levels = oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent');

/** A level of the log. The words of older gateways are accepted too. */
export const logLevel: typeof levels = {
  placeholder: 'level',
  read: (text) => levels.read(OLD_LEVELS[text.toLowerCase()] ?? text),
};
