import type { ClientKey } from '../lease/client-key.ts';

/**
 * An even 32-bit number from a client's key, the same on every gateway and after every restart: the client's position in
 * the pool, and its share in the spread of renewals. FNV-1a with a final mix (the key's last digits alone differ
 * between neighbours).
 */
export function hashOfClient(client: ClientKey): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < client.length; at += 1) hash = Math.imul(hash ^ client.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
