import { bytes, endpoints, file, name, text } from './etcd-kinds.ts';
import { optional, setting, WITH_STORE } from './setting.ts';
import { oneOf, secret } from './setting-kinds.ts';

/** The settings of leases that several gateways share. */
export const ETCD_SETTINGS = {
  etcdEndpoints: setting('off', {
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_ENDPOINTS',
    flag: 'etcd-endpoints',
    kind: endpoints,
    help: 'the members of etcd, separated by commas: https://192.0.2.11:2379,...; off: leases are in the SQLite file alone',
  }),
  segment: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_SEGMENT',
    flag: 'segment',
    kind: name,
    help: 'the name of this segment, the same on all its gateways and on no others; required with etcd',
  }),
  nodeName: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_NODE_NAME',
    flag: 'node-name',
    kind: name,
    help: "this node's name, kept with what it grants; the host's name if not set",
  }),
  etcdCa: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_CA',
    flag: 'etcd-ca',
    kind: file,
    help: "PEM file of the authority that signed etcd's certificates",
  }),
  etcdCert: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_CERT',
    flag: 'etcd-cert',
    kind: file,
    help: 'PEM file of the certificate that this gateway shows to etcd',
  }),
  etcdKey: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_KEY',
    flag: 'etcd-key',
    kind: file,
    help: 'PEM file of its private key',
  }),
  etcdUser: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_USER',
    flag: 'etcd-user',
    kind: text,
    help: "etcd's own user, where its authentication is on",
  }),
  etcdPassword: optional({
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_PASSWORD',
    flag: undefined,
    kind: secret,
    help: 'the password of that user',
  }),
  etcdCompact: setting('auto', {
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_COMPACT',
    flag: 'etcd-compact',
    kind: oneOf('auto', 'on', 'off'),
    help: "whether one of the gateways compacts etcd, which then forgets old versions of its keys; auto: if etcd holds nobody else's keys",
  }),
  etcdQuota: setting('2GiB', {
    group: 'Shared leases',
    restart: WITH_STORE,
    variable: 'GATEWAY_ETCD_QUOTA',
    flag: 'etcd-quota',
    kind: bytes,
    help: "--quota-backend-bytes of etcd's members, where they do not tell it themselves (before 3.6): 1GiB, 1073741824",
  }),
};
