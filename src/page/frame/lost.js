import { connection, reconnect, returned } from '../api/connection.js';
import { html, useEffect } from '../html.js';
import { Icon } from '../parts/icon.js';
import { say } from '../parts/toast.js';
import { now } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { clockWithSeconds, span } from '../text/time.js';

/** How long after the return it is waited for what was missed: milliseconds. */
const SETTLED = 700;

/** Says that the gateway is not reached, and afterwards what was missed. */
export function Lost() {
  const { phase, lostAt, answeredAt, nextTryAt } = useSignal(connection);
  const time = useSignal(now);
  useReturn();
  if (phase !== 'lost') return html`<div class="lost" role="alert" hidden></div>`;
  const seconds = Math.max(0, Math.ceil((nextTryAt - time) / 1000));
  return html`<div class="lost" role="alert">
    <${Icon} name="cut" />
    <p>
      <b>No connection to this gateway since ${clockWithSeconds(lostAt)}.</b>${' '}
      <span aria-live="off">
        ${answeredAt === 0 ? '' : `What you see is ${span(time - answeredAt)} old. `}
        ${seconds === 0 ? 'Trying again. ' : `Trying again in ${seconds} s. `}
      </span>
      Guests may be served all the same.
    </p>
    <button type="button" class="btn" onClick=${reconnect}>Try now</button>
  </div>`;
}

function useReturn() {
  const back = useSignal(returned);
  useEffect(() => {
    if (back === undefined) return undefined;
    const timer = setTimeout(() => {
      const { missed } = back;
      const what =
        missed === 0
          ? 'Nothing was missed.'
          : missed === null
            ? 'The gateway was restarted. The lists are up to date.'
            : `${missed} events were missed. The lists are up to date.`;
      say(`Connected again. ${what}`);
      returned.set(undefined);
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [back]);
}
