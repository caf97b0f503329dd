import { ask } from '../api/client.js';
import { html } from '../html.js';
import { openDialog, ReasonField } from '../parts/dialog.js';
import { doEach, heldSentence, heldText, sayDone } from './outcome.js';
import { Who } from './release.js';

/** @import { Subject } from './subject.js' */

/** Removes a reservation; its guest keeps what it has until its lease ends. @param {Subject} subject */
export function openUnreserve(subject) {
  const { address, reservation: id, isLeased } = subject;
  openDialog({
    title: `Remove the reservation of ${address}?`,
    isDangerous: true,
    confirm: 'Remove it',
    cancel: 'Keep it',
    body: html`<p>
        <${Who} of=${subject} /> is no longer sure to get this address.${' '}
        ${isLeased ? 'Its lease goes on, and is renewed like any other.' : 'It does not have it now, so nothing else changes.'}${' '}
        For a day, the address is kept for this VPS id.${heldSentence('It is removed at this gateway alone', 'remove it at the others too')}
      </p>
      <${ReasonField} />`,
    onConfirm: async (fields) => {
      const reason = String(fields.get('reason') ?? '').trim();
      const query = { address, ...(reason !== '' && { reason }) };
      const done = await doEach([subject], async () => {
        await ask(`reservations/${encodeURIComponent(id ?? '')}`, { method: 'DELETE', query });
      });
      sayDone('Removed the reservation of', done, { where: heldText() });
    },
  });
}
