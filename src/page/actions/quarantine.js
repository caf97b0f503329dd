import { ask, Problem } from '../api/client.js';
import { html } from '../html.js';
import { Field, openDialog, ReasonField } from '../parts/dialog.js';
import { say } from '../parts/toast.js';
import { serverNow } from '../state/clock.js';
import { counted } from '../text/number.js';
import { moment, secondsFrom, span } from '../text/time.js';
import { doEach, failureOf, sayDone } from './outcome.js';
import { Listed } from './release.js';

/** @import { Subject } from './subject.js' */

/** Takes addresses out of use for a time. @param {readonly Subject[]} subjects */
export function openQuarantine(subjects) {
  const [first] = subjects;
  if (first === undefined) return;
  const isOne = subjects.length === 1;
  const leased = subjects.filter(({ isLeased }) => isLeased);
  openDialog({
    title: isOne
      ? `Take ${first.address} out of use?`
      : `Take ${counted(subjects.length, 'address', 'addresses')} out of use?`,
    confirm: isOne ? 'Quarantine' : `Quarantine ${counted(subjects.length, 'address', 'addresses')}`,
    body: html`<p>
        ${isOne ? 'No guest gets it while it is in quarantine.' : 'No guest gets them while they are in quarantine.'}
        ${
          leased.length === 0
            ? ''
            : ` ${isOne ? 'Its lease is' : 'Their leases are'} released first. If ${isOne ? 'the' : 'a'} guest answers ARP, its lease is kept and you are told.`
        }
      </p>
      ${isOne ? null : html`<${Listed} subjects=${subjects} />`}
      <${Field} label="For" hint="30 min, 24h, 7d" name="for" value="24h" />
      <${ReasonField} />`,
    onConfirm: async (fields) => {
      const seconds = secondsFrom(String(fields.get('for') ?? ''));
      if (seconds === undefined) return 'Write for how long: 30 min, 24h or 7d.';
      const reason = String(fields.get('reason') ?? '').trim();
      const why = reason === '' ? {} : { reason };
      const done = await doEach(subjects, async ({ address, isLeased }) => {
        if (isLeased) await released(address, why);
        await ask(`addresses/${address}/quarantine`, { method: 'POST', body: { seconds, ...why } });
      });
      const until = moment(serverNow() + seconds * 1000, serverNow());
      sayDone('Quarantined', done, {
        total: subjects.length,
        after: ` until ${until}, for ${span(seconds * 1000)}`,
      });
      return undefined;
    },
  });
}

/**
 * @param {string} address
 * @param {{ reason?: string }} why
 */
async function released(address, why) {
  try {
    await ask(`leases/${address}/release`, { method: 'POST', body: why });
  } catch (error) {
    if (!(error instanceof Problem) || error.word !== 'not-leased') throw error; // It has ended meanwhile.
  }
}

/** Ends a quarantine. @param {Subject} subject */
export function openRestore({ address }) {
  openDialog({
    title: `Put ${address} back into use?`,
    confirm: 'Put it back',
    body: html`<p>The next guest that needs an address may get this one. Before that, ARP asks whether a machine still uses it. If one answers, the address goes back into quarantine.</p>
      <${ReasonField} />`,
    onConfirm: async (fields) => {
      const reason = String(fields.get('reason') ?? '').trim();
      const body = reason === '' ? {} : { reason };
      const done = await doEach([{ address }], async () => {
        await ask(`addresses/${address}/restore`, { method: 'POST', body });
      });
      sayDone('Put back', done);
    },
  });
}

/** Asks the segment who has an address. @param {Subject} subject */
export async function askByArp({ address }) {
  try {
    const { answered_by: holder } = await ask(`addresses/${address}/ask`, { method: 'POST' });
    say(
      holder === null
        ? `Asked by ARP: nobody answers at ${address}.`
        : `Asked by ARP: ${holder} answers at ${address}.`,
    );
  } catch (error) {
    say(failureOf(error, address), { isBad: true });
  }
}
