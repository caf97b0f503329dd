import { ask, Problem } from '../api/client.js';
import { changed, summary } from '../api/connection.js';
import { html } from '../html.js';
import { Field, openDialog } from '../parts/dialog.js';
import { Name } from '../parts/text.js';
import { say } from '../parts/toast.js';
import { partsOf } from '../text/address.js';
import { visible } from '../text/visible.js';
import { addressFrom, macsFrom, proposedId } from './entry.js';
import {
  doEach,
  failureOf,
  faultOf,
  heldSentence,
  heldText,
  isOneOfSeveral,
  nodesText,
  sayDone,
} from './outcome.js';
import { Listed } from './release.js';

/** @import { Reservation } from '../types.d.ts' */
/** @import { Subject } from './subject.js' */

/** Reserves an address: for the guest that has it, or for one that is to come. @param {Subject | undefined} subject */
export function openReserve(subject) {
  const { address = '', hostname = null, mac = null, vps = null } = subject ?? {};
  const subnet = summary.value.info?.segments[0]?.subnet ?? '';
  const { fixed, rest } = partsOf(subnet, address);
  const nobody = subject?.isLeased ? 'this guest' : 'a guest';
  const who = hostname === null ? nobody : html`<${Name} of=${hostname} />`;
  openDialog({
    title: subject === undefined ? 'New reservation' : html`Reserve ${address} for ${who}?`,
    confirm: 'Reserve',
    body: html`<p class="quiet">
        ${
          subject === undefined
            ? choiceText()
            : `This guest always gets this address${whereText()}. You can change name and address first.`
        }${aloneText()}
      </p>
      <${Field} label="Address" hint=${subject === undefined && !isOneOfSeveral() ? 'optional' : ''} name="address" value=${rest} fixed=${fixed} />
      <${Field} label="Name" hint="sent to the guest" name="hostname" value=${hostname ?? ''} maxlength=${253} />
      <${Field} label="MAC" hint="may be empty until the guest is known" name="mac" value=${mac ?? ''} />
      <${Field} label="VPS id" hint="names the reservation" name="id" value=${proposedId({ vps, hostname, mac })} maxlength=${64} />`,
    onConfirm: async (fields) => await reserved(fieldsOf(fields, fixed), subject),
  });
}

function whereText() {
  return nodesText() === '' ? '' : ', from every node';
}

/** Only gateways that share their leases, or one alone, can choose an address that no other gateway grants. */
function choiceText() {
  return isOneOfSeveral()
    ? 'Write the address: these gateways share no leases, so none of them can choose one.'
    : 'Leave the address empty, and the gateway chooses one and keeps it for this guest.';
}

function aloneText() {
  return heldSentence('It holds at this gateway alone', 'reserve the address at each of the others too');
}

/**
 * @param {FormData} fields
 * @param {string} fixed
 */
function fieldsOf(fields, fixed) {
  const text = (/** @type {string} */ name) => String(fields.get(name) ?? '').trim();
  return {
    id: text('id'),
    hostname: text('hostname'),
    mac: text('mac'),
    address: addressFrom(fixed, text('address')),
  };
}

/**
 * @param {{ id: string, hostname: string, mac: string, address: string }} entry
 * @param {Subject | undefined} subject
 * @returns {Promise<string | undefined>} Why not.
 */
async function reserved({ id, hostname, mac, address }, subject) {
  if (id === '') return 'Write a VPS id: it names the reservation.';
  if (address === '' && isOneOfSeveral())
    return 'Write the address: gateways that share no leases cannot choose one.';
  const read = macsFrom(mac);
  if ('fault' in read) return read.fault;
  const body = {
    ...(read.macs.length > 0 && { mac: read.macs }),
    ...(address !== '' && { address }),
    ...(hostname !== '' && { hostname }),
  };
  try {
    // Only a new one: another guest's reservation of this id is not overwritten.
    const headers = { 'if-none-match': '*' };
    const made = await ask(`reservations/${encodeURIComponent(id)}`, { method: 'PUT', body, headers });
    changed();
    const name = html`<${Name} of=${made.hostname ?? made.id} />`;
    say(html`${made.address} is reserved for ${name}${heldText()}. ${afterwards(made, subject)}`);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 412)
      return `There is a reservation of ${visible(id)} already: edit that one, or write another VPS id.`;
    return failureOf(error, address);
  }
}

/**
 * What it means for whoever has the address now.
 *
 * @param {{ address: string, pending: { cause: string, until: string } | null }} made
 * @param {Subject | undefined} subject
 */
function afterwards({ address, pending }, subject) {
  if (pending !== null) {
    const causes = {
      leased: 'Another guest still has it',
      quarantined: 'It is still in quarantine',
      'granted-by-peer': 'Another gateway has granted it',
    };
    const cause = causes[/** @type {keyof typeof causes} */ (pending.cause)] ?? 'It is not free yet';
    return `${cause}; the guest gets it when that is over.`;
  }
  if (subject?.isLeased && subject.address === address) return 'Nothing changes for the guest now.';
  return subject?.isLeased ? 'The guest moves there when it renews.' : 'The guest gets it when it asks.';
}

/** Changes name, address and cards of a reservation. @param {Subject} subject */
export async function openEditReservation({ reservation: id }) {
  /** @type {Reservation} */
  let current;
  try {
    current = await ask(`reservations/${encodeURIComponent(id ?? '')}`);
  } catch (error) {
    say(faultOf(error), { isBad: true });
    return;
  }
  const subnet = summary.value.info?.segments[0]?.subnet ?? '';
  const { fixed, rest } = partsOf(subnet, current.address);
  const isOfFile = current.source === 'file';
  openDialog({
    title: `Reservation of ${current.address}`,
    ...(isOfFile ? { cancel: 'Close' } : { confirm: 'Save' }),
    body: html`<p class="quiet">
        ${isOfFile ? 'It stands in the settings file of this gateway. Change it there.' : html`VPS id <${Name} of=${current.id} />. With another address its guest moves when it renews.${heldSentence('It holds at this gateway alone', 'change it at the others too')}`}
      </p>
      <${Field} label="Address" name="address" value=${rest} fixed=${fixed} readonly=${isOfFile} />
      <${Field} label="Name" hint="sent to the guest" name="hostname" value=${current.hostname ?? ''} maxlength=${253} readonly=${isOfFile} />
      <${Field} label="MAC" hint="commas between several" name="mac" value=${(current.mac ?? []).join(', ')} readonly=${isOfFile} />
      <${Field} label="Note" name="note" value=${current.note ?? ''} maxlength=${160} readonly=${isOfFile} />`,
    onConfirm: async (fields) => await changedTo(current, fields, fixed),
  });
}

/**
 * @param {Reservation} current
 * @param {FormData} fields
 * @param {string} fixed
 * @returns {Promise<string | undefined>} Why not.
 */
async function changedTo(current, fields, fixed) {
  const { hostname, mac, address } = fieldsOf(fields, fixed);
  const note = String(fields.get('note') ?? '').trim();
  const read = macsFrom(mac);
  if ('fault' in read) return read.fault;
  // RFC 7396: null takes a field away.
  const body = { address, mac: read.macs, hostname: hostname || null, note: note || null };
  try {
    const headers = { 'if-match': `"${current.version}"` };
    const made = await ask(`reservations/${encodeURIComponent(current.id)}`, {
      method: 'PATCH',
      body,
      headers,
    });
    changed();
    say(
      `Saved the reservation of ${made.address}${heldText()}.${made.pending === null ? '' : ` ${afterwards(made, undefined)}`}`,
    );
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 412)
      return 'Somebody else has changed it meanwhile. Close this, and look at it again.';
    return failureOf(error, address);
  }
}

/** Reserves the addresses of several leases for the guests that have them. @param {readonly Subject[]} subjects */
export function openReserveAll(subjects) {
  const [first] = subjects;
  if (subjects.length === 1 && first !== undefined) {
    openReserve(first);
    return;
  }
  openDialog({
    title: `Reserve ${subjects.length} addresses?`,
    confirm: `Reserve ${subjects.length} addresses`,
    body: html`<p>Each guest always gets the address that it has now${whereText()}.${aloneText()}</p>
      <${Listed} subjects=${subjects} />`,
    onConfirm: async () => {
      const done = await doEach(subjects, async (subject) => {
        const body = {
          id: proposedId(subject),
          ...(subject.hostname !== null && { hostname: subject.hostname }),
        };
        await ask(`leases/${subject.address}/reserve`, { method: 'POST', body });
      });
      sayDone('Reserved', done, { total: subjects.length, where: heldText() });
    },
  });
}
