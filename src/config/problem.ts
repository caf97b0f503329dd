import { SETTINGS, type SettingKey } from './settings.ts';

/** Where a value came from. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'default';
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
    from: originToText(fault.key, origin),
    message: fault.message,
    remedy: fault.remedy,
  };
}

/** The text of a value as it may be shown: a secret's is not. */
export function shownText(key: SettingKey, origin: Origin): string | undefined {
  return SETTINGS[key].kind.isSecret && origin.text !== undefined ? '(set)' : origin.text;
}

export function originToText(key: SettingKey, origin: Origin): string {
  if (origin.source === 'default') return 'default';
  return origin.source === 'flag' ? `flag --${SETTINGS[key].flag}` : `environment ${SETTINGS[key].variable}`;
}

/** One line: the setting, its value, where it came from, what is wrong, and the remedy. */
export function problemToText(problem: Problem): string {
  const value = problem.value === undefined ? 'not set' : `'${problem.value}'`;
  return `${problem.setting}: ${value} (${problem.from}): ${problem.message}; ${problem.remedy}`;
}
