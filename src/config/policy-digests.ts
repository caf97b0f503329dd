import { createHash } from 'node:crypto';
import { NO_POLICY, type Policy } from '../subnet/policy.ts';

/** The parts of a policy, by the beginnings of its texts' names. */
const PARTS = ['options', 'classes', 'pxe', 'reservations'] as const;
/** Hexadecimal digits of a digest that people compare. */
const SHOWN = 12;

/** What gateways tell each other of their settings files: they should say the same to guests, and are too long to be told whole. */
export function policyDigests({ said }: Policy = NO_POLICY): Readonly<Record<string, string>> {
  return Object.fromEntries(PARTS.map((part) => [part, digestOf(part, said)]));
}

function digestOf(part: string, said: Policy['said']): string {
  const own = said.filter(({ name }) => name === part || name.startsWith(`${part}.`));
  if (own.length === 0) return 'none';
  const count = own.filter(({ name }) => name !== part).length;
  const digest = createHash('sha256')
    .update(JSON.stringify(own.map(({ name, text }) => [name, text])))
    .digest('hex')
    .slice(0, SHOWN);
  return `${count} set (digest ${digest})`;
}
