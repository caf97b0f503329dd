import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, Client } from '@grpc/grpc-js';

const MOST_BYTES = 16 * 1024 * 1024;
/** Stands for an address where TLS wants a name. */
const NAMELESS = 'etcd';

/** Certificates' bytes, as PEM. */
export interface Certificates {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** A channel to one member; `endpoint`: host:port. It is opened when it is used. */
export function openChannel(endpoint: string, tls: Certificates | undefined): Client {
  const host = endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const isNameless = isIP(host) !== 0;
  const credentials =
    tls === undefined
      ? ChannelCredentials.createInsecure()
      : ChannelCredentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null, {
          checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
            checkServerIdentity(host, certificate),
        });
  return new Client(endpoint, credentials, {
    // etcd drops clients that ping more often than every five seconds.
    'grpc.keepalive_time_ms': 6000,
    'grpc.keepalive_timeout_ms': 3000,
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // RFC 6066 §3: an address is no server name, and node warns of one. The certificate is held against the address.
    ...(isNameless && tls !== undefined ? { 'grpc.ssl_target_name_override': NAMELESS } : {}),
  });
}
