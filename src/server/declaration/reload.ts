import { changedSettings, type SettingChange } from '../../config/loading/changed-settings.ts';
import type { LoadedSettings, RejectedSettings } from '../../config/loading/load-settings.ts';
import { type RefusedChange, refusedChangeToText } from '../../config/needs-restart.ts';
import { problemToText } from '../../config/problem.ts';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { Log } from '../../log/log.ts';
import type { Adoption, Declaration } from './declaration.ts';

/** What came of a reload. Only `reloaded` has changed anything. */
export type ReloadResult =
  /** The settings have faults; each is one line. */
  | { readonly kind: 'unusable'; readonly problems: readonly string[] }
  /** Some changes take a restart, so none is made. */
  | {
      readonly kind: 'refused';
      readonly changes: readonly SettingChange[];
      readonly refusals: readonly RefusedChange[];
    }
  | {
      readonly kind: 'unchanged' | 'reloaded' | 'would-reload';
      readonly changes: readonly SettingChange[];
      /** One line each. */
      readonly warnings: readonly string[];
    };

export interface ReloadRequest {
  /** True: nothing is changed; the result says what would be. */
  readonly isTrial: boolean;
  /** Who wants it, for the log. */
  readonly author: string;
}

/** Reads the settings again. A trial may be told what was read before, where nothing has changed since. */
export type ReadAgain = (isTrial: boolean) => Promise<LoadedSettings | RejectedSettings>;

/** The server, or the servers, that are to serve by other settings. */
export interface Adopter<Declared = Declaration> {
  refusals(next: Declared): readonly RefusedChange[];
  /** Why it cannot be put in force as things are, each in one line. */
  faults(next: Declared): readonly string[];
  adopt(next: Declared): Promise<Adoption>;
  /** Shows the settings as this declaration has them: of equal values it says anew where each came from. */
  show(next: Declared): void;
}

const NO_FILE =
  'there is nothing to reload: the gateway was started without a settings file (GATEWAY_CONFIG); a change of variables or flags takes a restart';
/** How many faults the problem of health and log has; the log has them all. */
const MOST_SHOWN = 3;

/** Reads the settings again and has them adopted: as a whole, or not at all. */
export class Reload<Declared = Declaration> {
  readonly #load: ReadAgain;
  readonly #declarationOf: (loaded: LoadedSettings) => Declared;
  readonly #adopter: Adopter<Declared>;
  readonly #log: Log;
  #loaded: LoadedSettings;
  #problem: RunningProblem | undefined;
  /** The last request. There is one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  /** How many have not ended. */
  #open = 0;
  /** Those that have not begun, by what is wanted and by whom. */
  readonly #waiting = new Map<string, Promise<ReloadResult>>();

  constructor(
    loaded: LoadedSettings,
    load: ReadAgain,
    declarationOf: (loaded: LoadedSettings) => Declared,
    adopter: Adopter<Declared>,
    log: Log,
  ) {
    this.#loaded = loaded;
    this.#load = load;
    this.#declarationOf = declarationOf;
    this.#adopter = adopter;
    this.#log = log;
  }

  /** The settings that were last wanted are not in force. Undefined: they are. */
  get problem(): RunningProblem | undefined {
    return this.#problem;
  }

  /** One that waits for another already reads what this one would read, so they are one: a disk may hang for long. */
  request(wanted: ReloadRequest): Promise<ReloadResult> {
    const key = `${wanted.isTrial} ${wanted.author}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && this.#open > 1) return waiting;
    this.#open += 1;
    const result: Promise<ReloadResult> = this.#last.then(async () => {
      if (this.#waiting.get(key) === result) this.#waiting.delete(key);
      const came = await this.#run(wanted);
      if (!wanted.isTrial) {
        this.#problem = problemIn(came);
        this.#tell(came, wanted.author);
      }
      return came;
    });
    this.#waiting.set(key, result);
    this.#last = result.catch(() => undefined).finally(() => (this.#open -= 1));
    return result;
  }

  async #run({ isTrial }: ReloadRequest): Promise<ReloadResult> {
    const next = await this.#load(isTrial);
    if (!next.ok) return { kind: 'unusable', problems: next.problems.map(problemToText) };
    const changes = changedSettings(this.#loaded, next);
    const warnings = [...next.warnings.map(problemToText)];
    const declaration = this.#declarationOf(next);
    const refusals = this.#adopter.refusals(declaration);
    if (refusals.length > 0) return { kind: 'refused', changes, refusals };
    const faults = this.#adopter.faults(declaration);
    if (faults.length > 0) return { kind: 'unusable', problems: faults };
    if (next.settings.settingsFile === undefined) warnings.push(NO_FILE);
    if (changes.length === 0) {
      if (!isTrial) this.#show(next, declaration);
      return { kind: 'unchanged', changes, warnings };
    }
    if (isTrial) return { kind: 'would-reload', changes, warnings };
    const adoption = await this.#adopter.adopt(declaration);
    if (adoption.kind === 'refused') return { ...adoption, changes };
    this.#loaded = next;
    return { kind: 'reloaded', changes, warnings };
  }

  /** The values are those in force; their lines in the file may be others. */
  #show(next: LoadedSettings, declaration: Declared): void {
    this.#loaded = next;
    this.#adopter.show(declaration);
  }

  #tell(result: ReloadResult, author: string): void {
    const remedy = 'correct them and reload; until then the previous settings stay in force';
    switch (result.kind) {
      case 'unusable':
        this.#log.error({ author, problems: result.problems, remedy }, 'the settings cannot be used');
        break;
      case 'refused':
        this.#log.error(
          { author, refusals: result.refusals, remedy: 'take these changes back, or restart the gateway' },
          'the settings are not changed: some changes take a restart',
        );
        break;
      case 'reloaded':
        for (const warning of result.warnings) this.#log.warn({}, warning);
        this.#log.info({ author, changes: result.changes }, 'the settings are reloaded');
        break;
      case 'unchanged':
        for (const warning of result.warnings) this.#log.warn({}, warning);
        this.#log.info({ author }, 'the settings are as before');
        break;
      case 'would-reload':
        break;
    }
  }
}

function problemIn(result: ReloadResult): RunningProblem | undefined {
  if (result.kind !== 'unusable' && result.kind !== 'refused') return undefined;
  const isUnusable = result.kind === 'unusable';
  const lines = isUnusable
    ? result.problems
    : result.refusals.map((refusal) => `${refusedChangeToText(refusal)} takes a restart`);
  const rest = lines.length > MOST_SHOWN ? `; and ${lines.length - MOST_SHOWN} more` : '';
  const what = isUnusable
    ? 'the settings cannot be used, and a restart would fail'
    : 'the settings that were last wanted are not in force';
  return {
    name: 'settings',
    message: `${what}: ${lines.slice(0, MOST_SHOWN).join('; ')}${rest}`,
    remedy: 'mend the settings file; `vps-gateway reload` takes it over',
    stopsNewGuests: false,
  };
}
