import { counted } from '../text/number.js';

/** @import { EtcdMember, Info, OtherGateway, Samples } from '../types.d.ts' */

/**
 * A gateway as a column.
 *
 * @typedef {object} Gateway
 * @property {string} name The node's; of one that shares nothing: its address.
 * @property {string} address
 * @property {boolean} isOwn The page is its.
 * @property {boolean} isGone It shared the leases, and its heartbeat has run out.
 * @property {OtherGateway | undefined} evidence What is known of one that shares nothing.
 * @property {number | undefined} leases Running ones that it has granted; undefined: not known.
 * @property {number | undefined} given New leases of the last day.
 * @property {number | undefined} first Of them, those for guests that it goes first for.
 * @property {number | undefined} clockOffset Seconds ahead of this gateway's clock.
 */

/** A clock that differs by more than this is marked: seconds. */
export const CLOCK_DIFFERS = 0.1;

/**
 * @param {Info} info
 * @param {Readonly<Record<string, number>>} granted Leases by node.
 * @param {Samples['answered']} answered
 * @returns {Gateway[]}
 */
export function gatewaysOf(info, granted, answered) {
  const own = {
    name: info.node,
    address: info.segments[0]?.listen_ip ?? '',
    isOwn: true,
    isGone: false,
    evidence: undefined,
    clockOffset: undefined,
  };
  const shared = (info.sharing?.gateways ?? [])
    .filter(({ node }) => node !== info.node)
    .map(({ node, listen_ip: address, clock_offset_seconds: offset }) => ({
      ...{ name: node, address, isOwn: false, isGone: false, evidence: undefined },
      clockOffset: offset ?? undefined,
    }));
  const gone = (info.sharing?.gone ?? []).map(({ node, listen_ip: address }) => ({
    ...{ name: node, address, isOwn: false, isGone: true, evidence: undefined, clockOffset: undefined },
  }));
  const seen = info.other_gateways.map((evidence) => ({
    name: evidence.address,
    address: evidence.address,
    isOwn: false,
    isGone: false,
    evidence,
    clockOffset: undefined,
  }));
  return [own, ...shared, ...gone, ...seen]
    .sort((one, other) => one.address.localeCompare(other.address, 'en', { numeric: true }))
    .map((gateway) => ({ ...gateway, ...countsOf(gateway, info.sharing !== null, granted, answered) }));
}

/**
 * @param {Pick<Gateway, 'name' | 'address' | 'isOwn'>} gateway
 * @param {boolean} isShared Every lease is known: a gateway that is not among them has none.
 * @param {Readonly<Record<string, number>>} granted
 * @param {Samples['answered']} answered
 */
function countsOf({ name, address, isOwn }, isShared, granted, answered) {
  const isKnown = isOwn || isShared;
  // What shares nothing is listed by its address, if at all.
  const leases = granted[name] ?? granted[address] ?? (isKnown ? 0 : undefined);
  const isSeen = isKnown || answered.some(({ node }) => node === name);
  const sum = (/** @type {(row: Samples['answered'][number]) => boolean} */ isMeant) =>
    answered.filter(isMeant).reduce((total, row) => total + row.leases, 0);
  return {
    leases,
    given: isSeen ? sum(({ node }) => node === name) : undefined,
    first: isSeen ? sum(({ first }) => first === name) : undefined,
  };
}

/**
 * Who goes first (rows) against who has answered (columns).
 *
 * @param {Samples['answered']} answered
 * @returns {{ names: string[], rows: { first: string, counts: number[] }[] }}
 */
export function answersOf(answered) {
  const known = answered.filter(({ first, node }) => first !== null && node !== null);
  const names = [...new Set(known.flatMap(({ first, node }) => [first ?? '', node ?? '']))].sort(
    (one, other) => one.localeCompare(other, 'en', { numeric: true }),
  );
  const rows = names.map((first) => ({
    first,
    counts: names.map((name) =>
      known
        .filter((row) => row.first === first && row.node === name)
        .reduce((total, { leases }) => total + leases, 0),
    ),
  }));
  return { names, rows };
}

/**
 * How many members of etcd there are, and how many more may fail until it has no majority.
 *
 * @param {readonly Pick<EtcdMember, 'role'>[]} members
 */
export function membersInWords(members) {
  const away = members.filter(({ role }) => role === 'away').length;
  const count = Math.max(0, Math.floor((members.length - 1) / 2) - away);
  const more = away === 0 ? '' : ' more';
  const left =
    count === 0
      ? `no${more === '' ? 'ne' : more} may fail`
      : `${count === 1 ? 'one' : count}${more} may fail`;
  if (away === 0) return `${counted(members.length, 'member')}; ${left}`;
  return `${away} of ${counted(members.length, 'member')} ${away === 1 ? 'does' : 'do'} not answer; ${left}`;
}
