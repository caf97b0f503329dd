import { ask } from '../api/client.js';
import { useAnswer } from '../api/use-answer.js';
import { html, useEffect } from '../html.js';
import { Icon } from '../parts/icon.js';
import { reasons } from '../parts/reasons.js';
import { Name, Prose } from '../parts/text.js';
import { now } from '../state/clock.js';
import { go, route } from '../state/route.js';
import { useSignal } from '../state/use-signal.js';
import { visible } from '../text/visible.js';
import { decisions } from './decisions.js';
import { learnNames } from './names.js';
import { storyOf, storyVerdict } from './story.js';

/** @import { Gap, Step } from './story.js' */

/** Rows of the history that a story is made from. */
const MOST = 300;

/** One guest from its first sign on. @param {{ mac: string }} props */
export function StoryPanel({ mac }) {
  const { query } = useSignal(route);
  const time = useSignal(now);
  const words = useSignal(reasons);
  const isMac = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac);
  const answer = useAnswer(`story ${mac}`, async (signal) => {
    if (!isMac) return { history: [], guests: [] };
    const [history, found] = await Promise.all([
      ask('history', { query: { mac, limit: MOST }, signal }),
      ask('lookup', { query: { mac }, signal }),
    ]);
    return { history: history.items, guests: found.items };
  });
  const { history = [], guests = [] } = answer.value ?? {};
  useEffect(() => learnNames([...history, ...guests]), [answer.value]);
  const own = useSignal(decisions).filter((each) => each.mac === mac);
  const seen = own.filter(({ key }) => !key.startsWith('history'));
  const guest = guests.find((/** @type {{ state: string }} */ { state }) => state === 'bound') ?? guests[0];
  const name = guest?.hostname ?? history[0]?.hostname ?? null;
  const { title, more } = storyVerdict(guests, history, seen, words, time);
  const close = () => go({ view: 'live', query }, { inPlace: true });
  return html`<aside class="card panel picked" aria-label="One guest’s story">
    <header>
      <div>
        <h2>${name === null ? 'A guest without a name' : html`<${Name} of=${name} />`}</h2>
        <p class="quiet mono">${visible(mac)}</p>
      </div>
      <div class="end">
        ${guest === undefined ? null : html`<a class="btn tight" href=${`#map/${guest.address}`}>${guest.address}</a>`}
        <button type="button" class="btn bare tight icon" aria-label="Close" onClick=${close}><${Icon} name="close" /></button>
      </div>
    </header>
    <section>
      ${answer.phase === 'known' ? html`<p><b>${title}</b> <span class="quiet"><${Prose} of=${more} /></span></p>` : html`<p class="quiet">${answer.problem?.message ?? 'Asking…'}</p>`}
    </section>
    <section><ol class="story">${storyOf(history, seen, words, time).map((line) => html`<${Line} key=${line.key} line=${line} />`)}</ol></section>
  </aside>`;
}

/** @param {{ line: Step | Gap }} props */
function Line({ line }) {
  if (line.kind === 'gap') return html`<li class="gap">${line.text}</li>`;
  const { icon, tone, title, when, reason, says, note } = line;
  return html`<li>
    <span class="dot"><${Icon} name=${icon} tone=${tone} /></span>
    <div class="w"><b>${title}</b><span>${when}</span></div>
    <p><span class="word">${reason}</span> <${Prose} of=${says} />${note === null ? null : html` “<${Name} of=${note} />”`}</p>
  </li>`;
}
