import { ask } from '../api/client.js';
import { html } from '../html.js';
import { openDialog, ReasonField } from '../parts/dialog.js';
import { Name } from '../parts/text.js';
import { counted } from '../text/number.js';
import { doEach, nodesText, sayDone } from './outcome.js';

/** @import { Subject } from './subject.js' */

/** Ends leases. @param {readonly Subject[]} subjects */
export function openRelease(subjects) {
  const [first] = subjects;
  if (first === undefined) return;
  const isOne = subjects.length === 1;
  const many = counted(subjects.length, 'lease');
  openDialog({
    title: isOne ? `Release ${first.address}?` : `Release ${many}?`,
    isDangerous: true,
    confirm: isOne ? 'Release the lease' : `Release ${many}`,
    cancel: isOne ? 'Keep it' : 'Keep them',
    body: html`<p>
        ${isOne ? html`<${Who} of=${first} /> loses this address` : 'Their guests lose these addresses'}${nodesText() === '' ? '' : ' on all nodes'} at once. Before
        that, ARP asks whether the guest is alive there. If it answers, its lease is kept and you are told.
      </p>
      ${isOne ? null : html`<${Listed} subjects=${subjects} />`}
      <label class="tick">
        <input type="checkbox" name="force" />
        <span>
          Release even if it answers<br />
          <small class="quiet">The guest uses the address until it renews. Nobody else gets it for some minutes.</small>
        </span>
      </label>
      <${ReasonField} />`,
    onConfirm: async (fields) => {
      const reason = String(fields.get('reason') ?? '').trim();
      const body = { force: fields.get('force') === 'on', ...(reason !== '' && { reason }) };
      const done = await doEach(subjects, async ({ address }) => {
        await ask(`leases/${address}/release`, { method: 'POST', body });
      });
      sayDone('Released', done, { total: subjects.length });
    },
  });
}

/** A guest's name before its MAC. @param {{ of: Subject }} props */
export function Who({ of: { hostname, vps, mac } }) {
  const other = vps ?? mac;
  if (hostname === null) return html`<b>${other === null ? 'The guest' : html`<${Name} of=${other} />`}</b>`;
  return html`<b><${Name} of=${hostname} /></b>${other === null ? null : html` (<${Name} of=${other} />)`}`;
}

/** @param {{ subjects: readonly Subject[] }} props */
export function Listed({ subjects }) {
  return html`<div class="list" tabindex="0" role="group" aria-label="Selected">
    ${subjects.map(
      ({ address, hostname }) =>
        html`<div key=${address}>${address} ${hostname === null ? null : html`<span class="quiet"><${Name} of=${hostname} /></span>`}</div>`,
    )}
  </div>`;
}
