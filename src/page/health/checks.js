import { counted, octets } from '../text/number.js';
import { roughSpan, span } from '../text/time.js';

/** @import { Info, Sample, Warning } from '../types.d.ts' */

/**
 * What was looked at and is well. What has a warning is not in the list.
 *
 * @param {Info} info
 * @param {readonly Warning[]} warnings
 * @param {readonly Sample[]} samples Of the last day.
 * @param {number} now
 * @returns {{ title: string, proof: string }[]}
 */
export function wellOf(info, warnings, samples, now) {
  const segment = info.segments[0];
  const wrong = new Set(warnings.map(({ id }) => id));
  const lost = samples.reduce((sum, { drops }) => sum + (drops ?? 0), 0);
  const faulty = samples.reduce((sum, { refused }) => sum + (refused ?? 0), 0);
  /** @type {[isWell: boolean, title: string, proof: string][]} */
  const all = [
    [
      segment?.listen_ip != null && !has(wrong, 'listen-address', 'listen-ip-conflict'),
      'Listens on its address',
      segment?.listen_ip ?? '',
    ],
    [info.transport === 'raw', 'All sockets are open', `port 67, ${segment?.interface ?? ''}`],
    [
      info.can_promise && !has(wrong, 'store'),
      info.store === 'etcd' ? 'etcd has a majority' : 'Leases are stored',
      info.store === 'etcd' ? counted(info.sharing?.members.length ?? 0, 'member') : 'SQLite',
    ],
    [!has(wrong, 'directory', 'lease-file'), 'Leases directory', 'can be written'],
    [info.rogue_servers.length === 0 && !has(wrong, 'rogue-server'), 'No other DHCP server', 'none answers'],
    [!has(wrong, 'pool-full', 'pool-nearly-full'), 'Pool has room', `${segment?.available ?? 0} free`],
    [!has(wrong, 'clock'), 'Clock', 'trusted'],
    [!has(wrong, 'unheard', 'interface-down'), 'Messages arrive', 'at the sockets'],
    [lost === 0, 'No message lost', `in ${counted(Math.max(1, Math.round(samples.length / 60)), 'hour')}`],
    [faulty === 0, 'No guest floods', '0 refused'],
    [!has(wrong, 'settings'), 'Settings', 'in force'],
  ];
  return [...all, ...clusterChecks(info, wrong, now)].flatMap(([isWell, title, proof]) =>
    isWell ? [{ title, proof }] : [],
  );
}

/**
 * @param {Info} info
 * @param {ReadonlySet<string>} wrong
 * @param {number} now
 * @returns {[isWell: boolean, title: string, proof: string][]}
 */
function clusterChecks({ sharing: cluster }, wrong, now) {
  if (cluster === null) return [];
  const ends = cluster.certificates.map(({ ends_at: at }) => Date.parse(at));
  const fullest = Math.max(0, ...cluster.members.map(({ database_bytes: used }) => used ?? 0));
  const age = cluster.mirror_age_seconds;
  return [
    [age !== null && age < 10, 'Copy of all leases is up to date', age === null ? '' : span(age * 1000)],
    [
      ends.length > 0 && !has(wrong, 'certificates'),
      'Certificates',
      `${roughSpan(Math.min(...ends) - now)} left`,
    ],
    [cluster.members.length > 0 && !has(wrong, 'cluster'), 'etcd has space', `${octets(fullest)} used`],
  ];
}

/**
 * @param {ReadonlySet<string>} wrong
 * @param {...string} ids
 */
function has(wrong, ...ids) {
  return ids.some((id) => wrong.has(id));
}
