import { openQuarantine } from '../actions/quarantine.js';
import { openRelease } from '../actions/release.js';
import { openReserveAll } from '../actions/reserve.js';
import { subjectOfGuest } from '../actions/subject.js';
import { html } from '../html.js';
import { useChangesOn } from '../state/changes-on.js';

/** @import { Guest } from '../types.d.ts' */

/** What can be done with several at once, in the order of the row's menu. @param {{ guests: readonly Guest[], onClear: () => void }} props */
export function BulkBar({ guests, onClear }) {
  const { isOn } = useChangesOn();
  const leased = guests.filter(({ state }) => state === 'bound');
  const dynamic = leased.filter(({ reservation_id: reservation }) => reservation === null);
  const restable = guests.filter(({ state }) => state !== 'peer' && state !== 'declined');
  return html`<div class="bulk" role="region" aria-label="Selected">
    <b role="status">${guests.length} selected</b>
    <button type="button" class="btn tight act" disabled=${!isOn || dynamic.length === 0} onClick=${() => openReserveAll(dynamic.map(subjectOfGuest))}>Reserve…</button>
    <button type="button" class="btn tight act" disabled=${!isOn || restable.length === 0} onClick=${() => openQuarantine(restable.map(subjectOfGuest))}>Quarantine…</button>
    <button type="button" class="btn tight act" disabled=${!isOn || leased.length === 0} onClick=${() => openRelease(leased.map(subjectOfGuest))}>Release…</button>
    <button type="button" class="btn bare tight clear" onClick=${onClear}>Clear</button>
  </div>`;
}
