import { isIP } from 'node:net';
import { file } from './etcd-kinds.ts';
import { AT_START, optional, setting } from './setting.ts';
import { fault, listOf, ok, orOff, port, type SettingKind, switchOf } from './setting-kinds.ts';

/** An address to listen on, of either version of IP. */
export const ipAddress: SettingKind<string> = {
  placeholder: 'address',
  read: (text) =>
    isIP(text) !== 0
      ? ok(text.toLowerCase())
      : fault(
          'is not an address',
          'write one of this node: 127.0.0.1, 192.0.2.11, ::1; 0.0.0.0 is all of them',
        ),
};

/** What a browser or a program may call this node in `Host`. */
const hostName: SettingKind<string> = {
  placeholder: 'name',
  read: (text) =>
    /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text)
      ? ok(text.toLowerCase())
      : fault('is not the name of a host', 'write names without port or scheme: gw1.example.net'),
};

/** HTTP carries it in a header field: RFC 9110 §5.5. */
export const apiSecret: SettingKind<string> = {
  placeholder: 'secret',
  isSecret: true,
  read: (text) =>
    /^[\x21-\x7e]{1,1024}$/.test(text)
      ? ok(text)
      : fault(
          'cannot be sent in a header',
          'write 1 to 1024 letters, digits and signs of ASCII, without blanks',
        ),
};

/** The settings of the management API and the metrics. */
export const API_SETTINGS = {
  metricsPort: setting('9091', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_METRICS_PORT',
    flag: 'metrics-port',
    kind: orOff(port),
    help: 'TCP port of metrics, health and management API; off: only the Unix socket api.sock in the leases directory',
  }),
  apiListen: setting('127.0.0.1', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_LISTEN',
    flag: 'api-listen',
    kind: ipAddress,
    help: 'the address that this port is opened on; any but a loopback address needs a secret',
  }),
  apiSocket: setting('on', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_SOCKET',
    flag: 'api-socket',
    kind: switchOf,
    help: 'off: no Unix socket api.sock, over which commands ask and order; without port, hook and platform too, the thread of the API is not started',
  }),
  apiSecret: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_SECRET',
    flag: undefined,
    kind: apiSecret,
    help: 'the secret that a program shows to read and to change; without one, nothing can be changed over TCP',
  }),
  apiSecretFile: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_SECRET_FILE',
    flag: 'api-secret-file',
    kind: file,
    help: 'a file with that secret; or with several, a line each: name:read:secret or name:write:secret',
  }),
  apiCert: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_CERT',
    flag: 'api-cert',
    kind: file,
    help: 'PEM file of a certificate, with those between it and its authority: the port is then served by TLS. Read again when it changes',
  }),
  apiKey: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_KEY',
    flag: 'api-key',
    kind: file,
    help: 'PEM file of its private key',
  }),
  apiOpenReads: setting('on', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_OPEN_READS',
    flag: 'api-open-reads',
    kind: switchOf,
    help: 'off: without a secret nothing can be read over TCP either, but health and metrics; it counts on loopback only',
  }),
  apiHosts: setting('off', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_API_HOSTS',
    flag: 'api-hosts',
    kind: listOf('names', hostName, 32),
    help: "names that requests may call this node by, separated by commas, beside addresses, localhost and the node's name; off: no others",
  }),
};

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1';
}
