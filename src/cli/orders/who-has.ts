import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { readable } from '../../wire/readable-text.ts';
import type { GatewayApi } from '../api/gateway-api.ts';
import { ApiRefusal } from '../api/refusal.ts';

/**
 * Carries out an order. If it is refused because an address is another's, the refusal says whose.
 *
 * @throws GatewayError as `order` of the API does.
 */
export async function whoHas<Answer>(
  api: GatewayApi,
  address: string,
  word: string,
  order: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await order();
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.word !== word) throw error;
    const holder = await holderOf(api, address);
    if (holder === undefined) throw error;
    const [first = '', ...rest] = error.message.split('\n');
    throw new ApiRefusal(error.code, word, [first, `  ${holder} has it`, ...rest].join('\n'), error);
  }
}

async function holderOf(api: GatewayApi, address: string): Promise<string | undefined> {
  try {
    const { mac, hostname, expires } = await api.get<ListedLease>(`/leases/${address}`);
    const name = hostname === null ? '' : ` (${readable(hostname)})`;
    return `${mac ?? 'a client without a MAC'}${name}, until ${expires ?? 'an unknown time'},`;
  } catch {
    return undefined;
  }
}
