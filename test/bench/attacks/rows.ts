import type { Attack } from './attack.ts';
import type { ContenderName } from './contenders.ts';
import type { ServerPlace } from './network.ts';

/** One attack, how it is measured, and what is wanted of this server. */
export interface Row {
  readonly name: string;
  readonly attack: Attack;
  readonly place: ServerPlace;
  /** Who cannot play. */
  readonly without?: readonly ContenderName[];
  /** The server is started anew between the attack and the guests. */
  readonly restarts?: boolean;
  /** The attacker is ahead of the guests by so many seconds. */
  readonly ahead?: number;
  /** All newcomers are to have a lease within so many seconds. */
  readonly within: number;
  /** Share of the renewals that are to be answered. */
  readonly renewals: number;
  /** The processor that it may use, of one. */
  readonly processor?: number;
  /** What its memory may grow by: MiB. */
  readonly memory?: number;
  /** It goes on at least so long: seconds. */
  readonly least?: number;
}

const PEERS: readonly ContenderName[] = ['dnsmasq', 'Kea'];
const ALONE: readonly ContenderName[] = ['with etcd', ...PEERS];
const COMMON = { place: 'node', renewals: 1 } as const;

function claims(name: string, answersArp: boolean, within: number): readonly Row[] {
  const row: Row = { name, attack: { kind: 'claims', answersArp }, ...COMMON, within };
  return [row, { ...row, name: `${name}; restarted`, restarts: true }];
}

function floods(rates: readonly number[]): readonly Row[] {
  return rates.flatMap((rate): readonly Row[] => {
    const said = `DISCOVERs at ${rate.toLocaleString('en')}/s`;
    const own: Attack = { kind: 'discovers', rate, source: 'own' };
    const changed: Attack = { kind: 'discovers', rate, source: 'chaddr' };
    return [
      { name: `${said}, one source`, attack: own, ...COMMON, within: 5 },
      { name: `${said}, source changed, ports seen`, attack: changed, ...COMMON, within: 5 },
      {
        ...{ name: `${said}, source changed, ports not seen`, attack: changed, without: PEERS },
        ...{ place: 'guest', within: 30, renewals: 0.99 },
      },
    ];
  });
}

function forgedRequests(rate: number): readonly Row[] {
  return (['SELECTING', 'RENEWING', 'REBINDING'] as const).map((as) => ({
    name: `${as} at ${rate.toLocaleString('en')}/s, source changed`,
    attack: { kind: 'requests', as, rate },
    ...COMMON,
    within: 10,
  }));
}

function ends(): readonly Row[] {
  const row: Row = {
    ...{ name: 'forged DECLINE and RELEASE', attack: { kind: 'ends', source: 'own' } },
    ...{ ...COMMON, within: 10 },
  };
  const forged = { name: `${row.name}, source forged`, attack: { kind: 'ends', source: 'chaddr' } } as const;
  // The bridge sends an answer to where it has seen the victim's address last, whatever the server does.
  return [row, { ...row, ...forged, renewals: 0.9 }];
}

/** The rows of the table, in its order. */
export const ROWS: readonly Row[] = [
  ...claims('235 forged claims', false, 5),
  ...claims('235 forged claims, ARP answered', true, 30),
  ...floods([40, 500, 2000, 10_000]),
  ...forgedRequests(10_000),
  {
    ...{
      name: 'leases at 50/s, ports seen',
      attack: { kind: 'leases', rate: 50, of: 'chaddr', source: 'chaddr' },
    },
    ...{ ...COMMON, within: 5, ahead: 8 },
  },
  {
    name: '240 identifiers of one MAC',
    attack: { kind: 'leases', rate: 50, of: 'identifier', source: 'own', most: 240 },
    ...COMMON,
    within: 5,
    ahead: 8,
  },
  {
    name: '240 leases, chaddr forged',
    attack: { kind: 'leases', rate: 50, of: 'chaddr', source: 'own', most: 240 },
    ...COMMON,
    within: 5,
    ahead: 8,
  },
  { name: 'ARP liar, fresh MACs', attack: { kind: 'liar', as: 'fresh' }, ...COMMON, within: 30 },
  { name: 'ARP liar, one MAC', attack: { kind: 'liar', as: 'one' }, ...COMMON, within: 30 },
  ...ends(),
  {
    name: 'release and return at 3,000/s',
    attack: { kind: 'returns', rate: 3000, cards: 100 },
    ...{ ...COMMON, within: 10, ahead: 25 },
  },
  {
    name: 'DISCOVERs at 30,000/s, one source',
    attack: { kind: 'discovers', rate: 30_000, source: 'own' },
    ...{ ...COMMON, within: 5, processor: 1 / 3 },
  },
  {
    name: 'DISCOVERs at 30,000/s, source changed',
    attack: { kind: 'discovers', rate: 30_000, source: 'chaddr' },
    ...{ ...COMMON, within: 30, renewals: 0.99, processor: 1 / 3 },
  },
  {
    name: 'a million invented MACs',
    attack: { kind: 'discovers', rate: 30_000, source: 'chaddr', most: 1_000_000 },
    without: ALONE,
    ...{ ...COMMON, within: 30, renewals: 0.99, memory: 20, least: 60 },
  },
];
