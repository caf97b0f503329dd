import type { Command } from 'commander';
import { secondsFromText } from '../../config/duration.ts';
import { GatewayError } from '../../errors.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { type ApiOptions, apiCommand, apiOf, withReason } from '../api/api-command.ts';
import { addressFrom } from '../lease-filter.ts';
import { jsonText } from '../output/json.ts';
import { type CommandSurroundings, surroundingsOfProcess } from '../surroundings.ts';
import { whoHas } from './who-has.ts';

interface OrderOptions extends ApiOptions {
  readonly reason?: string;
}

interface QuarantineOptions extends OrderOptions {
  readonly for?: string;
}

/** Adds `addresses quarantine`, `restore` and `ask`. They throw GatewayErrors. */
export function addAddressesCommand(program: Command, surroundings = surroundingsOfProcess()): void {
  const addresses = program
    .command('addresses')
    .description('takes an address out of use, puts it back, asks who has it');
  withReason(
    apiCommand(addresses, 'quarantine', 'nobody gets this address for a time; not while it is leased')
      .argument('<address>')
      .option('--for <duration>', 'for so long: 30m, 12h, 7d (default 24h)'),
  ).action((text: string, options: QuarantineOptions) => quarantine(text, options, surroundings));
  withReason(
    apiCommand(addresses, 'restore', 'ends the quarantine of this address').argument('<address>'),
  ).action((text: string, options: OrderOptions) => restore(text, options, surroundings));
  apiCommand(addresses, 'ask', 'asks the segment by ARP who has this address now')
    .argument('<address>')
    .action((text: string, options: ApiOptions) => ask(text, options, surroundings));
}

async function quarantine(
  text: string,
  options: QuarantineOptions,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const address = addressOf(text);
  const api = apiOf(options, environment);
  const body = { reason: options.reason, seconds: secondsOf(options.for) };
  const order = { method: 'POST', path: `/addresses/${address}/quarantine`, body } as const;
  const done = await whoHas(api, address, 'leased', () =>
    api.order({
      ...order,
      remedies: {
        leased: `\`vps-gateway leases release ${address}\` ends its lease; then order this again`,
        'granted-by-peer': 'order it at that gateway',
        'not-a-guest-address': '`vps-gateway settings pool` shows which addresses guests may have',
      },
    }),
  );
  const time = options.for ?? '24h';
  output.write(options.json === true ? jsonText(done) : `${address}: nobody gets it for ${time}\n`);
}

async function restore(
  text: string,
  options: OrderOptions,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const address = addressOf(text);
  const done = await apiOf(options, environment).order({
    method: 'POST',
    path: `/addresses/${address}/restore`,
    body: { reason: options.reason },
    remedies: { 'not-quarantined': `\`vps-gateway leases show ${address}\` shows its state` },
  });
  output.write(options.json === true ? jsonText(done) : `${address}: guests may have it again\n`);
}

async function ask(
  text: string,
  options: ApiOptions,
  { output, environment }: CommandSurroundings,
): Promise<void> {
  const address = addressOf(text);
  const answer = await apiOf(options, environment).order<{ readonly answered_by: string | null }>({
    method: 'POST',
    path: `/addresses/${address}/ask`,
    remedies: { 'no-arp': '`vps-gateway health` names the capability that is missing' },
  });
  const who = answer.answered_by ?? 'nobody';
  output.write(options.json === true ? jsonText(answer) : `${address}: ${who} answers by ARP\n`);
}

function addressOf(text: string): string {
  return ipv4ToText(addressFrom('address ', text));
}

/** @throws GatewayError for what is no time. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = secondsFromText(text);
  if (seconds !== undefined && Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new GatewayError('bad-settings', `--for ${text}: not a time: write it as 30m, 12h or 7d`);
}
