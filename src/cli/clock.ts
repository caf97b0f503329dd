import { join } from 'node:path';
import type { Command } from 'commander';
import { SETTINGS } from '../config/settings.ts';
import { type ClockStatus, sentenceOf, spanOf } from '../detection/clock-status.ts';
import { askClock, HEALTH_SOCKET } from '../server/health.ts';
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
}

/** Adds `clock status`, the default, and `clock trust`. */
export function addClockCommand(program: Command): void {
  const clock = program.command('clock').description('whether the running gateway trusts its clock');
  askingCommand(
    clock,
    'status',
    'if it does, and why: status 0 if it does, 1 if the clock is in doubt',
    true,
  );
  askingCommand(clock, 'trust', 'your word that the time is right now: it ends the doubt');
}

function askingCommand(
  parent: Command,
  name: 'status' | 'trust',
  description: string,
  isDefault = false,
): void {
  const { variable, default: fallback } = SETTINGS.leasesDir;
  parent
    .command(name, { isDefault })
    .description(description)
    .option('--leases-dir <directory>', `its leases directory (${variable}; default ${fallback})`)
    .option('--json', 'as JSON')
    .action(async ({ leasesDir, json }: Options) => {
      const directory = leasesDirectory(leasesDir, process.env);
      const request = name === 'trust' ? 'clock trust' : 'clock';
      process.exitCode = await printStatus(join(directory, HEALTH_SOCKET), request, json === true);
    });
}

async function printStatus(
  socket: string,
  request: 'clock' | 'clock trust',
  asJson: boolean,
): Promise<number> {
  const status = await answerOf(socket, request);
  if (status === undefined) return 1;
  standardOutput().write(asJson ? jsonText(status) : sentences(status));
  return status.trusted ? 0 : 1;
}

/** Undefined: there was no answer; the reason has been printed. */
async function answerOf(socket: string, request: 'clock' | 'clock trust'): Promise<ClockStatus | undefined> {
  try {
    const status = await askClock(
      socket,
      request,
      ANSWER_TIME,
      request === 'clock trust' ? authorOfCommand() : undefined,
    );
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
  if (jump !== null) lines.push(`cause: ${sentenceOf(jump)}; steady for ${spanOf(jump.steadySeconds)} since`);
  if (jump !== null && jump.explainedBy !== null) lines.push(`trusted because ${BY[jump.explainedBy]}`);
  lines.push(`meaning: ${meaning}`);
  if (endsInSeconds !== null)
    lines.push(`the doubt ends in ${spanOf(endsInSeconds)} if the clock stays as it is`);
  if (remedy !== null) lines.push(`remedy: ${remedy}`);
  return `${lines.join('\n')}\n`;
}
