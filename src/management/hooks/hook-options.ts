import { readFileSync } from 'node:fs';
import type { Settings } from '../../config/settings.ts';

/** Whom changes of leases are told, for the management thread. */
export interface HookOptions {
  /** Undefined: no program. */
  readonly program: string | undefined;
  readonly webhook:
    | { readonly url: string; readonly secret: string | undefined; readonly ca: string | undefined }
    | undefined;
  /** How long one run or one request may take. */
  readonly milliseconds: number;
}

/**
 * Reads the files that the settings name; they were checked before.
 *
 * @throws Error of the file system, for one that has gone since.
 */
export function hookOptions(settings: Settings): HookOptions {
  const { hook, hookTimeout, webhook, webhookSecret, webhookSecretFile, webhookCa } = settings;
  const secret = webhookSecretFile === undefined ? undefined : readFileSync(webhookSecretFile, 'utf8').trim();
  return {
    program: hook,
    webhook:
      webhook === undefined
        ? undefined
        : {
            url: webhook,
            secret: webhookSecret ?? secret,
            ca: webhookCa === undefined ? undefined : readFileSync(webhookCa, 'utf8'),
          },
    milliseconds: hookTimeout * 1000,
  };
}
