import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { SETTINGS } from '../config/settings.ts';
import { type ClockStatus, sentenceOf, spanText } from '../detection/clock-status.ts';
import type { OrderedBy } from '../lease/lease-view.ts';
import { askClock, HEALTH_SOCKET } from '../server/status/health.ts';
import { authorOfCommand } from './api/author.ts';
import { leasesDirectory } from './leases-directory.ts';
import { noAnswer, noAnswerToText } from './no-answer.ts';
import { jsonText } from './output/json.ts';
import { standardOutput } from './output/output.ts';
import { complain } from './output/write-whole.ts';

/** How long the server may take to answer: milliseconds. */
const ANSWER_TIME = 2000;

interface Options {
  readonly leasesDir?: string;
  readonly json?: boolean;
  readonly reason?: string;
}

interface Asked {
  readonly request: 'clock' | 'clock trust';
  readonly by: OrderedBy | undefined;
}
const NO_ORDER: Asked = { request: 'clock', by: undefined };

/** Adds `clock status`, the default, and `clock trust`. */
export function addClockCommand(program: Command): void {
  const clock = program.command('clock').description('whether the running gateway trusts its clock');
  askingCommand(
    clock,
    'status',
    'if it does, and why: status 0 if it does, 1 if the clock is in doubt',
    true,
  );
  askingCommand(clock, 'trust', 'your word that the time is right now: it ends the doubt').option(
    '--reason <text>',
    'why, for the history',
    readReason,
  );
}

/** What the history keeps: no more than the API takes. */
function readReason(text: string): string {
  const reason = text.trim();
  if (/^[\x20-\x7e\xa0-\xff]{1,160}$/.test(reason)) return reason;
  throw new InvalidArgumentError('write 1 to 160 letters, digits and signs in one line');
}

function askingCommand(
  parent: Command,
  name: 'status' | 'trust',
  description: string,
  isDefault = false,
): Command {
  const { variable, default: fallback } = SETTINGS.leasesDir;
  return parent
    .command(name, { isDefault })
    .description(description)
    .option('--leases-dir <directory>', `its leases directory (${variable}; default ${fallback})`)
    .option('--json', 'as JSON')
    .action(async ({ leasesDir, json, reason }: Options) => {
      const directory = leasesDirectory(leasesDir, process.env);
      const by = { author: authorOfCommand(), ...(reason !== undefined && { note: reason }) };
      const asked = name === 'trust' ? ({ request: 'clock trust', by } as const) : NO_ORDER;
      process.exitCode = await printStatus(join(directory, HEALTH_SOCKET), asked, json === true);
    });
}

async function printStatus(socket: string, asked: Asked, asJson: boolean): Promise<number> {
  const status = await answerOf(socket, asked);
  if (status === undefined) return 1;
  standardOutput().write(asJson ? jsonText(status) : sentences(status));
  return status.trusted ? 0 : 1;
}

/** Undefined: there was no answer; the reason has been printed. */
async function answerOf(socket: string, { request, by }: Asked): Promise<ClockStatus | undefined> {
  try {
    const status = await askClock(socket, request, ANSWER_TIME, by);
    if (status !== null && typeof status.trusted === 'boolean') return status;
    if (status === null)
      complain('vps-gateway: the gateway is starting or ending: ask again in some seconds\n');
    else throw new SyntaxError('an answer of another version');
  } catch (error) {
    complain(noAnswerToText(noAnswer(socket, error)));
  }
  return undefined;
}

const BY = {
  steadiness: 'it has been steady for the longest lease time since',
  operator: 'you have said so',
  peer: 'the clock of another gateway agrees',
} as const;

function sentences(status: ClockStatus): string {
  const { trusted, now, jump, endsInSeconds, meaning, remedy } = status;
  const lines = [`${trusted ? 'trusted' : 'in doubt'}: the time is ${now}`];
  if (jump !== null)
    lines.push(`cause: ${sentenceOf(jump)}; steady for ${spanText(jump.steadySeconds)} since`);
  if (jump !== null && jump.explainedBy !== null) lines.push(`trusted because ${BY[jump.explainedBy]}`);
  lines.push(`meaning: ${meaning}`);
  if (endsInSeconds !== null)
    lines.push(`the doubt ends in ${spanText(endsInSeconds)} if the clock stays as it is`);
  if (remedy !== null) lines.push(`remedy: ${remedy}`);
  return `${lines.join('\n')}\n`;
}
