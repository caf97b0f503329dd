import { ask, NoConnection, Problem, setSecret } from '../api/client.js';
import { connection, reconnect, summary } from '../api/connection.js';
import { html } from '../html.js';
import { Field, openDialog } from '../parts/dialog.js';
import { say } from '../parts/toast.js';

/** Asks for the secret: to read at all, or to make changes. */
export function askForSecret() {
  const isDenied = connection.value.phase === 'denied';
  openDialog({
    title: isDenied ? 'The secret of this gateway' : 'Turn changes on',
    confirm: isDenied ? 'Show the page' : 'Turn on',
    body: html`<p class="quiet">
        The secret is GATEWAY_API_SECRET of this gateway, or one of GATEWAY_API_SECRET_FILE. It stays in this tab’s memory, and is gone
        when you close it.
      </p>
      <${Field} label="Secret" name="secret" type="password" autocomplete="current-password" />`,
    onConfirm: async (fields) => await tried(String(fields.get('secret') ?? '').trim()),
  });
}

/**
 * @param {string} secret
 * @returns {Promise<string | undefined>} Why it is none.
 */
async function tried(secret) {
  if (secret === '') return 'Write the secret first.';
  if (!/^[\x21-\x7e]+$/.test(secret))
    return 'That is not the secret: a secret has no spaces, and only ASCII characters.';
  setSecret(secret);
  try {
    const info = await ask('info');
    summary.set({ ...summary.value, info });
    reconnect();
    if (!info.may_write) {
      say(`The secret ${info.author} is for reading: actions stay off.`);
      return undefined;
    }
    say(`Changes are on in this tab. The history will name you ${info.author}.`);
    return undefined;
  } catch (error) {
    setSecret('');
    if (error instanceof Problem && error.status === 429) return 'Ten wrong secrets in a minute: wait 60 s.';
    if (error instanceof Problem && error.status === 401) return 'That is not the secret.';
    if (error instanceof NoConnection) return 'The gateway does not answer now.';
    return error instanceof Error ? error.message : String(error);
  }
}

/** Forgets the secret. */
export function lock() {
  setSecret('');
  reconnect();
  const { info } = summary.value;
  if (info !== undefined) summary.set({ ...summary.value, info: { ...info, may_write: false } });
  say('Locked. This page only reads now.');
}
