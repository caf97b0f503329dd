import { ask } from '../api/client.js';
import { summary } from '../api/connection.js';
import { useAnswer } from '../api/use-answer.js';
import { useKept } from '../api/use-kept.js';
import { guestsWithWarnings } from '../frame/guest-warnings.js';
import { html } from '../html.js';
import { insteadOf } from '../parts/blank.js';
import { Icon } from '../parts/icon.js';
import { now, serverNow } from '../state/clock.js';
import { useSignal } from '../state/use-signal.js';
import { DAY } from '../text/time.js';
import { wellOf } from './checks.js';
import { PoolFigure } from './pool-figure.js';
import { ExchangesFigure, LatencyFigure } from './speed-figures.js';
import { WarningsCard } from './warnings-card.js';

/** How far the charts go back. */
const WEEK = 7 * DAY;
/** Points of a chart at least: seconds of one step. */
const WEEK_STEP = 900;

/** What is wrong with what to do, how things went, and what is well. */
export function HealthView() {
  const { info, warnings } = useSignal(summary);
  const time = useSignal(now);
  const guests = useSignal(guestsWithWarnings);
  const answer = useAnswer(`samples ${Math.floor(time / 60_000)}`, async (signal) => {
    const since = new Date(serverNow() - WEEK).toISOString();
    const [day, week] = await Promise.all([
      ask('samples', { signal }),
      ask('samples', { query: { since, step: WEEK_STEP }, signal }),
    ]);
    // A gateway that runs for hours only has more to tell of minutes.
    return { day: day.items, week: week.items.length > 48 ? week.items : day.items };
  });
  const kept = useKept(answer.value);
  const blank = kept === undefined ? insteadOf(answer, 'The history of this gateway') : null;
  const segment = info?.segments[0];
  return html`<div class="health">
    <div class="stack"><${WarningsCard} /></div>
    <div class="stack">
      ${
        blank ??
        (kept === undefined || segment === undefined
          ? null
          : html`<${PoolFigure} samples=${kept.week} segment=${segment} now=${time} />
              <div class="pair"><${LatencyFigure} samples=${kept.day} /><${ExchangesFigure} samples=${kept.day} /></div>`)
      }
    </div>
    ${info === undefined || kept === undefined ? null : html`<${Well} checks=${wellOf(info, warnings, kept.day, time)} isAll=${warnings.length + guests.length === 0} />`}
  </div>`;
}

/** @param {{ checks: { title: string, proof: string }[], isAll: boolean }} props */
function Well({ checks, isAll }) {
  return html`<section class="card wide" aria-labelledby="well-title">
    <header><h2 id="well-title">${isAll ? 'What is well' : 'Everything else is well'}</h2></header>
    <ul class="checks">
      ${checks.map(({ title, proof }) => html`<li key=${title}><${Icon} name="ok" tone="tone-good" />${title}<span>${proof}</span></li>`)}
    </ul>
  </section>`;
}
