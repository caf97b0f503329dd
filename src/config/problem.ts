import { SETTINGS, type SettingKey } from './settings.ts';
import { withoutPassword } from './without-password.ts';

/** Where a value came from. */
export interface Origin {
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  /** `--listen-ip`, `GATEWAY_DHCP_LISTEN_IP`, `/etc/vps-gateway/settings.yaml:4:11` (line, column); of a default: empty. */
  readonly name: string;
  /** The value as it was written there; undefined: no value. */
  readonly text: string | undefined;
}

/** A fault of the settings that an operator must correct, or (as a warning) should know. */
export interface Problem {
  /** The environment variable of the setting. */
  readonly setting: string;
  /** The value as it was written; undefined: none is set. */
  readonly value: string | undefined;
  /** As `originToText` says it. */
  readonly from: string;
  readonly message: string;
  readonly remedy: string;
}

/** A fault of a setting, without the origin of its value. */
export interface SettingFault {
  readonly key: SettingKey;
  readonly message: string;
  readonly remedy: string;
}

export function problemOf(fault: SettingFault, origin: Origin): Problem {
  return {
    setting: SETTINGS[fault.key].variable,
    value: shownText(fault.key, origin),
    from: originToText(origin),
    message: fault.message,
    remedy: fault.remedy,
  };
}

/** Shown in place of a secret. */
export const SECRET_TEXT = '(set)';

/** A value as it may be shown: no secret, and no password of a URL. */
export function shownText(key: SettingKey, origin: Origin): string | undefined {
  if (origin.text === undefined) return undefined;
  return SETTINGS[key].kind.isSecret ? SECRET_TEXT : withoutPassword(origin.text.trim());
}

/** `flag --listen-ip`, `environment GATEWAY_DHCP_LISTEN_IP`, `file /etc/vps-gateway/settings.yaml:4:11` or `default`. */
export function originToText(origin: Origin): string {
  return origin.source === 'default' ? 'default' : `${origin.source} ${origin.name}`;
}

/** One line: the setting, its value, where it came from, what is wrong, and the remedy. */
export function problemToText(problem: Problem): string {
  const value = problem.value === undefined ? 'not set' : `'${problem.value}'`;
  return `${problem.setting}: ${value} (${problem.from}): ${problem.message}; ${problem.remedy}`;
}
