import { SETTINGS, type SettingKey } from './settings.ts';
import { withoutPassword } from './without-password.ts';

/** Where a value came from. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'default';
  /** The flag or variable: `--listen-ip`, `GATEWAY_DHCP_LISTEN_IP`; of a default: empty. */
  readonly name: string;
  /** As it was written there; undefined: left open. */
  readonly text: string | undefined;
}

/** Something an operator has to mend, or (as a warning) should know. */
export interface Problem {
  /** The environment variable of the setting. */
  readonly setting: string;
  /** As it was written; undefined: nothing is set. */
  readonly value: string | undefined;
  /** `flag --listen-ip`, `environment GATEWAY_DHCP_LISTEN_IP` or `default`. */
  readonly from: string;
  readonly message: string;
  readonly remedy: string;
}

/** What is wrong with a setting, before it is known where its value came from. */
export interface Fault {
  readonly key: SettingKey;
  readonly message: string;
  readonly remedy: string;
}

export function problemOf(fault: Fault, origin: Origin): Problem {
  return {
    setting: SETTINGS[fault.key].variable,
    value: shownText(fault.key, origin),
    from: originToText(origin),
    message: fault.message,
    remedy: fault.remedy,
  };
}

/** What is shown of a secret. */
export const SECRET_TEXT = '(set)';

/** The text of a value as it may be shown: a secret's is not, and no password in a URL. */
export function shownText(key: SettingKey, origin: Origin): string | undefined {
  if (origin.text === undefined) return undefined;
  return SETTINGS[key].kind.isSecret ? SECRET_TEXT : withoutPassword(origin.text.trim());
}

/** `flag --listen-ip`, `environment GATEWAY_DHCP_LISTEN_IP` or `default`. */
export function originToText(origin: Origin): string {
  return origin.source === 'default' ? 'default' : `${origin.source} ${origin.name}`;
}

/** One line: the setting, its value, where it came from, what is wrong, and the remedy. */
export function problemToText(problem: Problem): string {
  const value = problem.value === undefined ? 'not set' : `'${problem.value}'`;
  return `${problem.setting}: ${value} (${problem.from}): ${problem.message}; ${problem.remedy}`;
}
