import { X509Certificate } from 'node:crypto';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { codeOf } from '../errors.ts';
import type { SettingFault } from './problem.ts';
import { SETTINGS, type Settings } from './settings.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const MOST_SECRET = 1024;

/** What is wrong with the settings of hooks, and with the files that they name. */
export function hookFaults(read: Partial<Settings>): readonly SettingFault[] {
  const { hook, webhook, webhookSecret, webhookSecretFile, webhookCa } = read;
  const faults: SettingFault[] = [];
  const add = (key: SettingFault['key'], wrong: readonly [message: string, remedy: string] | undefined) => {
    if (wrong !== undefined) faults.push({ key, message: wrong[0], remedy: wrong[1] });
  };
  if (hook !== undefined) add('hook', programFault(hook));
  if (webhookSecretFile !== undefined) add('webhookSecretFile', secretFault(webhookSecretFile));
  if (webhookCa !== undefined) add('webhookCa', authorityFault(webhookCa));
  if (webhookSecret !== undefined && webhookSecretFile !== undefined)
    add('webhookSecretFile', [
      `is set beside ${SETTINGS.webhookSecret.variable}`,
      'leave one of the two out',
    ]);
  for (const key of ['webhookSecret', 'webhookSecretFile', 'webhookCa'] as const)
    if (read[key] !== undefined && webhook === undefined)
      add(key, ['there is no webhook', `set ${SETTINGS.webhook.variable} too, or leave it out`]);
  return faults;
}

type Wrong = readonly [message: string, remedy: string];

/** No shell looks for it, so a name alone is not enough. */
function programFault(program: string): Wrong | undefined {
  const remedy =
    'name a program by its whole path, as /usr/local/lib/vps-gateway/hosts-hook, and make it executable: chmod 755';
  if (!isAbsolute(program)) return ['is not a whole path', remedy];
  try {
    if (!statSync(program).isFile()) return ['is no program, but something else', remedy];
    accessSync(program, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return ['there is no such file', remedy];
    return [code === 'EACCES' ? 'may not be executed by this user' : `cannot be looked at (${code})`, remedy];
  }
}

function secretFault(file: string): Wrong | undefined {
  const text = readWhole(file);
  if (typeof text !== 'string') return text;
  const isSecret = /^[\x21-\x7e]+$/.test(text.trim()) && text.trim().length <= MOST_SECRET;
  return isSecret
    ? undefined
    : ['has no secret in it', 'write one line of letters, digits and signs of ASCII, without blanks'];
}

function authorityFault(file: string): Wrong | undefined {
  const text = readWhole(file);
  if (typeof text !== 'string') return text;
  try {
    const certificates = (text.match(CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
    if (certificates.length > 0) return undefined;
  } catch {
    // As below.
  }
  return [
    'has no certificate in it',
    'name a PEM file of the authority that has signed the certificate of the webhook',
  ];
}

function readWhole(file: string): string | Wrong {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return [`cannot be read (${codeOf(error)})`, 'make it readable for the user of the gateway'];
  }
}
