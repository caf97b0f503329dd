import { html, useLayoutEffect, useRef, useState } from '../html.js';
import { Signal } from '../state/signal.js';
import { useSignal } from '../state/use-signal.js';

/**
 * A question, or something to read.
 *
 * @typedef {object} DialogParts
 * @property {unknown} title
 * @property {unknown} body Fields have names; what is written in them comes to `onConfirm`.
 * @property {string} [confirm] Absent: there is nothing to confirm.
 * @property {string} [cancel]
 * @property {boolean} [isDangerous] Red, and the focus is on the button that keeps things as they are.
 * @property {(fields: FormData) => Promise<string | undefined | void> | string | undefined | void} [onConfirm] Answers a sentence why it stays open.
 */

/** @type {Signal<DialogParts | undefined>} */
const open = new Signal(/** @type {DialogParts | undefined} */ (undefined));
/** What had the focus before. @type {Element | null} */
let before = null;
/** How many were opened: each begins with empty fields. */
let count = 0;

/** @param {DialogParts} parts */
export function openDialog(parts) {
  before = document.activeElement;
  count += 1;
  open.set(parts);
}

export function isDialogOpen() {
  return open.value !== undefined;
}

export function Dialog() {
  const parts = useSignal(open);
  return parts === undefined ? null : html`<${Shown} key=${count} parts=${parts} />`;
}

/** @param {{ parts: DialogParts }} props */
function Shown({ parts }) {
  const { title, body, confirm, cancel = 'Cancel', isDangerous = false, onConfirm } = parts;
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [complaint, setComplaint] = useState('');
  const [isWorking, setWorking] = useState(false);
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    const first = dialog?.querySelector(
      isDangerous || !confirm ? '[data-keep]' : 'input, select, [data-keep]',
    );
    if (first instanceof HTMLElement) first.focus();
    if (first instanceof HTMLInputElement && first.type === 'text') first.select();
  }, []);
  const close = () => {
    open.set(undefined);
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (isWorking || !(event.currentTarget instanceof HTMLFormElement)) return;
    setWorking(true);
    setComplaint('');
    const answer = await Promise.resolve(onConfirm?.(new FormData(event.currentTarget))).catch(String);
    setWorking(false);
    if (typeof answer === 'string') setComplaint(answer);
    else if (open.value === parts) close();
  };
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${close} onCancel=${close}>
    <form onSubmit=${submit} autocomplete="off">
      <h2 id="dialog-title">${title}</h2>
      ${body}
      <p class="complaint" role="alert" hidden=${complaint === ''}>${complaint}</p>
      <div class="acts">
        <button type="button" class="btn" data-keep onClick=${close}>${cancel}</button>
        ${
          confirm &&
          html`<button type="submit" class=${`btn ${isDangerous ? 'danger' : 'primary'}`} disabled=${isWorking}>
            ${isWorking ? 'Working…' : confirm}
          </button>`
        }
      </div>
    </form>
  </dialog>`;
}

/** A labelled text field of a dialog. @param {{ label: string, hint?: string, name: string, value?: string, fixed?: string, type?: string, autocomplete?: string, maxlength?: number, readonly?: boolean }} props */
export function Field({
  label,
  hint,
  name,
  value = '',
  fixed = '',
  type = 'text',
  autocomplete = 'off',
  maxlength,
  readonly = false,
}) {
  return html`<label>
    <span>${label} ${hint ? html`<small>${hint}</small>` : null}</span>
    <span class="field">
      ${fixed === '' ? null : html`<span class="fix">${fixed}</span>`}
      <input type=${type} name=${name} defaultValue=${value} autocomplete=${autocomplete} maxlength=${maxlength} readonly=${readonly} spellcheck="false" />
    </span>
  </label>`;
}

/** Why something is done. */
export function ReasonField() {
  return html`<${Field} label="Reason" hint="kept in the history; optional" name="reason" maxlength=${160} />`;
}
