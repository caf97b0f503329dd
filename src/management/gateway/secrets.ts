import { readFileSync } from 'node:fs';
import { SETTINGS, type Settings } from '../../config/settings.ts';
import { GatewayError } from '../../errors.ts';

/** Who may do what with the API. */
export interface ApiSecret {
  /** The author in the history. */
  readonly name: string;
  readonly mayWrite: boolean;
  readonly secret: string;
}

/** The name of a secret that has none. */
export const UNNAMED = 'api';
const MOST_SECRETS = 64;
const MOST_BYTES = 64 * 1024;
const NAMED = /^([A-Za-z0-9][A-Za-z0-9._-]{0,62}):(read|write):([\x21-\x7e]{1,1024})$/;
const ALONE = /^[\x21-\x7e]{1,1024}$/;

const FORM = 'write one secret, or a line for each: name:read:secret or name:write:secret';

/**
 * The secrets of the settings; empty: there are none.
 *
 * @throws GatewayError 'bad-settings', which never shows what the file has in it.
 */
export function apiSecrets({ apiSecret, apiSecretFile }: Settings): readonly ApiSecret[] {
  if (apiSecret !== undefined) return [{ name: UNNAMED, mayWrite: true, secret: apiSecret }];
  if (apiSecretFile === undefined) return [];
  let text: string;
  try {
    text = readFileSync(apiSecretFile, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw refusal(
      apiSecretFile,
      `cannot be read (${code})`,
      'make it readable for the user of the gateway; with DynamicUser=yes that is LoadCredential in the unit, as docs/examples/vps-gateway.service shows',
    );
  }
  if (text.length > MOST_BYTES) throw refusal(apiSecretFile, 'is too large for a list of secrets', FORM);
  const lines = text.split('\n').map((line) => line.trim());
  return secretsOf(
    apiSecretFile,
    lines.flatMap((line, index) =>
      line === '' || line.startsWith('#') ? [] : [{ line, number: index + 1 }],
    ),
  );
}

function secretsOf(
  file: string,
  lines: readonly { readonly line: string; readonly number: number }[],
): readonly ApiSecret[] {
  const [only] = lines;
  if (only === undefined) throw refusal(file, 'is empty', FORM);
  if (lines.length > MOST_SECRETS)
    throw refusal(file, `has more than ${MOST_SECRETS} secrets`, 'leave those that are in use');
  if (lines.length === 1 && !NAMED.test(only.line) && ALONE.test(only.line))
    return [{ name: UNNAMED, mayWrite: true, secret: only.line }];
  const secrets = lines.map(({ line, number }) => {
    const [, name = '', right, secret = ''] = NAMED.exec(line) ?? [];
    if (name === '') throw refusal(file, `line ${number} is no secret with its name`, FORM);
    return { name, mayWrite: right === 'write', secret };
  });
  const names = secrets.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refusal(file, `names ${twice} twice`, 'give each secret a name of its own');
  return secrets;
}

function refusal(file: string, what: string, remedy: string): GatewayError {
  return new GatewayError('bad-settings', `${SETTINGS.apiSecretFile.variable} ${file}: ${what}; ${remedy}`);
}
