import { GatewayError } from '../errors.ts';
import { type NodeAddress, urlOf } from './node-list.ts';

/** The files that it can be: /etc/default/etcd, .env beside the compose files, /etc/vps-gateway/settings. */
export const CONFIG_FORMATS = ['default', 'env', 'settings'] as const;
export type ConfigFormat = (typeof CONFIG_FORMATS)[number];

export interface EtcdConfigWish {
  readonly format: ConfigFormat;
  /** The members of etcd. */
  readonly members: readonly NodeAddress[];
  /** The node whose file it is. */
  readonly node: string;
  /** existing: the member is added to a cluster that runs. */
  readonly state: 'new' | 'existing';
  /** The directory of ca.crt, node.crt and node.key on the node. */
  readonly certificates: string;
  readonly dataDirectory: string;
  /** Of etcd's database: bytes. */
  readonly quota: number;
  /** undefined: none was said. */
  readonly segment: string | undefined;
}

export type Variable = readonly [name: string, value: string];

export interface EtcdConfig {
  readonly variables: readonly Variable[];
  readonly warnings: readonly string[];
}

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
/** GATEWAY_ETCD_ENDPOINTS takes no more. */
const MOST_MEMBERS = 9;
/** Where docker-compose.etcd.yml and docker-compose.vps-gateway.yml have the directory of the certificates. */
const IN_CONTAINER = '/etc/vps-gateway/etcd';

/**
 * The settings of a node's member of etcd, and of its gateway.
 *
 * @throws GatewayError bad-settings
 */
export function etcdConfig(wish: EtcdConfigWish): EtcdConfig {
  const { members, format } = wish;
  if (members.length > MOST_MEMBERS)
    throw new GatewayError(
      'bad-settings',
      `--nodes has ${members.length} members of etcd, and each one makes writing slower: name 3 or 5 of the nodes, at most ${MOST_MEMBERS}. The gateways of the other nodes need no member`,
    );
  const own = members.find(({ name }) => name === wish.node);
  const warnings = [...countWarnings(members.length), ...ownWarnings(wish, own)];
  return { variables: variablesOf(format, wish, own), warnings };
}

function variablesOf(
  format: ConfigFormat,
  wish: EtcdConfigWish,
  own: NodeAddress | undefined,
): readonly Variable[] {
  if (format === 'settings') return gatewayVariables(wish, wish.certificates);
  if (own === undefined)
    throw new GatewayError(
      'bad-settings',
      `--node '${wish.node}' is not among the nodes of --nodes (${wish.members.map(({ name }) => name).join(', ')}): name one of them`,
    );
  if (format === 'default') return memberVariables(wish, own);
  return [
    ...gatewayVariables(wish, IN_CONTAINER),
    ['GATEWAY_ETCD_CERTIFICATES', wish.certificates],
    ['ETCD_NAME', own.name],
    ['ETCD_IP', urlHost(own)],
    ...clusterVariables(wish),
    ['ETCD_QUOTA_BACKEND_BYTES', String(wish.quota)],
  ];
}

function memberVariables(wish: EtcdConfigWish, own: NodeAddress): readonly Variable[] {
  const { certificates, dataDirectory, quota } = wish;
  const [client, peer] = [urlOf(own, CLIENT_PORT), urlOf(own, PEER_PORT)];
  const tls = (prefix: string): readonly Variable[] => [
    [`${prefix}CLIENT_CERT_AUTH`, 'true'],
    [`${prefix}TRUSTED_CA_FILE`, `${certificates}/ca.crt`],
    [`${prefix}CERT_FILE`, `${certificates}/node.crt`],
    [`${prefix}KEY_FILE`, `${certificates}/node.key`],
  ];
  return [
    ['ETCD_NAME', own.name],
    ['ETCD_DATA_DIR', dataDirectory],
    ['ETCD_LISTEN_CLIENT_URLS', client],
    ['ETCD_ADVERTISE_CLIENT_URLS', client],
    ['ETCD_LISTEN_PEER_URLS', peer],
    ['ETCD_INITIAL_ADVERTISE_PEER_URLS', peer],
    ...clusterVariables(wish),
    ...tls('ETCD_'),
    ...tls('ETCD_PEER_'),
    // Without it a member that comes back forces an election, and 3 s without an answer.
    ['ETCD_PRE_VOTE', 'true'],
    ['ETCD_AUTO_COMPACTION_MODE', 'periodic'],
    ['ETCD_AUTO_COMPACTION_RETENTION', '1h'],
    ['ETCD_QUOTA_BACKEND_BYTES', String(quota)],
  ];
}

function clusterVariables({ members, state }: EtcdConfigWish): readonly Variable[] {
  const urls = members.map((member) => `${member.name}=${urlOf(member, PEER_PORT)}`);
  return [
    ['ETCD_INITIAL_CLUSTER', urls.join(',')],
    ['ETCD_INITIAL_CLUSTER_STATE', state],
  ];
}

function gatewayVariables(wish: EtcdConfigWish, certificates: string): readonly Variable[] {
  const { members, node, quota, segment } = wish;
  if (segment === undefined)
    throw new GatewayError(
      'bad-settings',
      'GATEWAY_SEGMENT: not set: a gateway with etcd needs the name of its segment, the same on all nodes: --segment vpsnet',
    );
  return [
    ['GATEWAY_ETCD_ENDPOINTS', members.map((member) => urlOf(member, CLIENT_PORT)).join(',')],
    ['GATEWAY_ETCD_CA', `${certificates}/ca.crt`],
    ['GATEWAY_ETCD_CERT', `${certificates}/node.crt`],
    ['GATEWAY_ETCD_KEY', `${certificates}/node.key`],
    ['GATEWAY_ETCD_QUOTA', String(quota)],
    ['GATEWAY_NODE_NAME', node],
    ['GATEWAY_SEGMENT', segment],
  ];
}

/** As the compose file puts it into URLs. */
function urlHost(member: NodeAddress): string {
  return new URL(urlOf(member, CLIENT_PORT)).hostname;
}

/** A majority of 2 is 2, and of 4 it is 3. */
function countWarnings(count: number): readonly string[] {
  if (count === 1) return ['one member of etcd: when it is down, no gateway grants anything; take three'];
  if (count % 2 === 1) return [];
  const lost = count / 2 - 1;
  return [
    `${count} members of etcd stand the loss of ${lost} of them, no more than ${count - 1} members do: take an odd number`,
  ];
}

function ownWarnings({ format, node }: EtcdConfigWish, own: NodeAddress | undefined): readonly string[] {
  return own === undefined && format === 'settings'
    ? [`${node} has no member of etcd (it is not in --nodes): its gateway uses those of the others`]
    : [];
}
