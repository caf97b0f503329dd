import type { Message } from './message.ts';
import { OPTIONS, type OptionName, type OptionValue } from './options.ts';
import type { OptionBlock } from './reply.ts';

/** An option's value by name; undefined if it is absent, or not what its type allows. */
export function readOption<Name extends OptionName>(
  message: Message,
  name: Name,
): OptionValue<Name> | undefined {
  const { code, codec } = OPTIONS[name];
  const value = message.raw(code);
  return value === undefined ? undefined : (codec.decode(value) as OptionValue<Name> | undefined);
}

/** An option to be sent, by name; undefined if its type does not allow the value. */
export function optionBlock<Name extends OptionName>(
  name: Name,
  value: OptionValue<Name>,
): OptionBlock | undefined {
  const { code, codec } = OPTIONS[name];
  const encoded = (codec.encode as (value: OptionValue<Name>) => Uint8Array | undefined)(value);
  return encoded === undefined ? undefined : { code, value: encoded };
}
