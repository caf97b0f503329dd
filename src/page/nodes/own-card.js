import { html } from '../html.js';
import { Facts, Name } from '../parts/text.js';
import { grouped, milliseconds } from '../text/number.js';

/** @import { Info, Sample } from '../types.d.ts' */

/** @type {Readonly<Record<string, string>>} */
const TRANSPORTS = {
  raw: 'for broadcasts, unicasts and raw frames',
  broadcast: 'no raw frames: replies are broadcast',
  dgram: 'of Node.js: replies are broadcast',
};

/** What only the gateway itself tells. @param {{ info: Info, samples: readonly Sample[] }} props */
export function OwnCard({ info, samples }) {
  const segment = info.segments[0];
  const newest = [...samples].reverse().find(({ reply_seconds_p50: p50 }) => p50 !== null);
  const sum = (/** @type {'drops' | 'refused'} */ name) =>
    samples.reduce((total, sample) => total + (sample[name] ?? 0), 0);
  return html`<section class="card" aria-labelledby="own-title">
    <header><h2 id="own-title">This gateway</h2><span class="quiet"><${Name} of=${info.node} /></span></header>
    <div class="facts-of">
      <${Facts} rows=${[
        [
          'Listens on',
          segment?.listen_ip === null
            ? 'nothing yet'
            : `${segment?.listen_ip} port 67, ${segment?.interface ?? ''}`,
        ],
        ['Sockets', TRANSPORTS[info.transport ?? ''] ?? info.transport],
        ['Leases in', info.store === 'etcd' ? 'etcd, with a copy in SQLite' : 'SQLite'],
        [
          'Reply after',
          newest === undefined
            ? 'no message of late'
            : `${milliseconds(newest.reply_seconds_p50 ?? 0)} ms, the slowest hundredth ${milliseconds(newest.reply_seconds_p99 ?? 0)} ms`,
        ],
        [
          'Dropped',
          `${grouped(sum('drops'))} in a day; ${grouped(sum('refused'))} refused as faulty or too many`,
        ],
        [
          'Guests get',
          segment === undefined
            ? null
            : `router ${segment.router}, DNS ${segment.dns.join(', ')}${segment.domain === null ? '' : `, domain ${segment.domain}`}`,
        ],
      ]} />
    </div>
  </section>`;
}
