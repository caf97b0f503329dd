import type { ListenAddress } from '../../net/listen-address.ts';

/**
 * found: listen there; `warning` names something unusual. waiting: there is no address yet, or more than one, and a change
 * of the interfaces may help: `remedy` is a command in backticks, or names a setting.
 */
export type ListenAddressSearch =
  | ({ readonly kind: 'found'; readonly warning: string | undefined } & ListenAddress)
  | { readonly kind: 'waiting'; readonly message: string; readonly remedy: string };
