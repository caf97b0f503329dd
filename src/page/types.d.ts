/** What the API answers, as far as the page reads it: see /api/v1/openapi.json. */

export interface SegmentInfo {
  name: string;
  interface: string | null;
  listen_ip: string | null;
  subnet: string;
  prefix_length: number;
  router: string;
  pool_start: string;
  pool_end: string;
  pools: string[];
  exclusions: string[];
  dns: string[];
  domain: string | null;
  total: number | null;
  leased: number | null;
  leased_by_peers: number | null;
  reserved: number;
  available: number | null;
  exhausted_at: string | null;
}

export interface OtherGateway {
  address: string;
  state: 'there' | 'away' | 'stopped' | 'unknown';
  is_gateway: boolean;
  selected_seconds: number | null;
  arp_seconds: number | null;
  arp_asked_seconds: number | null;
}

export interface Info {
  version: string;
  node: string;
  started: string;
  status: 'serving' | 'degraded' | 'waiting' | 'stopped';
  verdict: 'served' | 'not-served' | 'pool-full';
  segments: SegmentInfo[];
  store: 'sqlite' | 'etcd';
  can_promise: boolean;
  transport: string | null;
  peers: string[];
  other_gateways: OtherGateway[];
  cluster: string[];
  sharing: Cluster | null;
  rogue_servers: string[];
  author: string;
  may_write: boolean;
  as_of: string;
}

export interface Cluster {
  gateways: { node: string; listen_ip: string; clock_offset_seconds: number | null }[];
  /** Gone lately, without having said so. */
  gone: { node: string; listen_ip: string }[];
  members: EtcdMember[];
  members_as_of: string | null;
  certificates: { file: string; ends_at: string }[];
  mirror_age_seconds: number | null;
}

export interface EtcdMember {
  endpoint: string;
  role: 'leader' | 'follower' | 'candidate' | 'away';
  version: string | null;
  round_trip_seconds: number | null;
  database_bytes: number | null;
  quota_bytes: number | null;
}

export interface Warning {
  id: string;
  /** note: nothing is wrong. */
  level: 'guests-suffer' | 'no-guest-suffers' | 'note';
  since: string | null;
  title: string;
  means: string;
  remedy: string;
  command: string | null;
  node: string;
}

export type AddressState =
  | 'leased'
  | 'reserved-in-use'
  | 'reserved-idle'
  | 'retired'
  | 'offered'
  | 'peer'
  | 'quarantined'
  | 'conflict'
  | 'free'
  | 'free-quiet'
  | 'gateway'
  | 'gateway-unused'
  | 'router'
  | 'outside-pool'
  | 'kept';

export interface MapAddress {
  address: string;
  state: AddressState;
  mac: string | null;
  hostname: string | null;
  vps_id: string | null;
  /** In force; or removed, where `retired_until` is not null. */
  reservation_id: string | null;
  retired_until: string | null;
  node: string | null;
  expires: string | null;
}

export interface Block {
  block: string;
  states: Record<string, number>;
}

export interface GuestWarning {
  id: string;
  title: string;
  remedy: string;
}

/** A lease, or a reservation that nobody uses. */
export interface Guest {
  address: string;
  mac: string | null;
  hostname: string | null;
  state: 'bound' | 'expired' | 'free' | 'declined' | 'peer' | 'reserved-idle';
  starts: string | null;
  expires: string | null;
  updated: string | null;
  vps_id: string | null;
  node: string | null;
  client: string | null;
  lease_seconds: number | null;
  reservation_id: string | null;
  organization_id: string | null;
  port: string | null;
  warnings: GuestWarning[];
}

export interface Reservation {
  id: string;
  mac?: string[];
  address: string;
  hostname?: string;
  vps_id: string;
  organization_id?: string;
  note?: string;
  source: 'api' | 'file' | 'platform';
  version: number;
}

export interface HistoryEvent {
  id: number;
  at: string | null;
  address: string;
  event: string;
  mac: string | null;
  hostname: string | null;
  reason: string;
  author: string | null;
  note: string | null;
  expires: string | null;
  vps_id: string | null;
  node: string | null;
}

export interface Lease extends Omit<Guest, 'warnings'> {
  reservation: Reservation | null;
  history: HistoryEvent[];
}

export interface List<Item> {
  items: Item[];
  total: number;
  next: string | null;
  facets?: Record<string, Record<string, number>>;
}

/** An event of the kind `decision`. */
export interface DecisionEvent {
  at: string;
  address: string | null;
  mac: string | null;
  client: string;
  reason: string;
  node: string;
  type: string;
  xid: string;
  kind: 'reply' | 'silence' | 'wait' | 'again';
  outcome: string;
  reply_seconds: number | null;
}

export interface StreamEvent {
  id: string;
  kind: string;
  data: Record<string, unknown>;
}

export interface Sample {
  at: string;
  pool: {
    size: number | null;
    leased: number | null;
    peers: number | null;
    declined: number | null;
    offered: number | null;
    left: number | null;
    reserved: number | null;
  };
  exchanges_per_second: number | null;
  reply_seconds_p50: number | null;
  reply_seconds_p99: number | null;
  drops: number | null;
  refused: number | null;
}

export interface Samples {
  items: Sample[];
  step: number;
  answered: { first: string | null; node: string | null; by: 'port' | 'hash'; leases: number }[];
  as_of: string;
}

/** What `useAnswer` knows of a question. */
export interface Answer<Value> {
  phase: 'asking' | 'known' | 'failed';
  value: Value | undefined;
  problem: Error | undefined;
  reload(): void;
}
