import { join } from 'node:path';
import type { Command } from 'commander';
import type { ShownSetting } from '../config/loading/shown-settings.ts';
import { SETTINGS } from '../config/settings.ts';
import type { ReceptionStatus } from '../detection/reception.ts';
import { droppingRulesFor } from '../diagnosis/firewall/read-firewall.ts';
import { levelOf, type RunningProblem, type Verdict, worstFirst } from '../diagnosis/running-problem.ts';
import { asTyped } from '../diagnosis/sentence.ts';
import { poolUseToText } from '../reporting/pool-use.ts';
import { isOfSeveral, type SegmentStatus, type SegmentsStatus } from '../reporting/segments-status.ts';
import type { Status } from '../reporting/status.ts';
import { askHealthOfAll, HEALTH_SOCKET } from '../server/status/health.ts';
import { type LeaseFolderOptions, statusOfSegment } from './chosen-segment.ts';
import { leasesDirectory } from './leases-directory.ts';
import { noAnswer, noAnswerToText } from './no-answer.ts';
import { jsonText } from './output/json.ts';
import { standardOutput, writeSentences } from './output/output.ts';
import { complain } from './output/write-whole.ts';
import { rulesThatAreSet } from './rules-that-are-set.ts';

/** How long the server may take to answer: milliseconds. */
const ANSWER_TIME = 2000;

/** How many clients that are not served are named. */
const NAMED = 10;

/** The exit status for each verdict. */
const EXIT: Readonly<Record<Verdict, number>> = { served: 0, 'not-served': 1, 'pool-full': 3 };
const NO_ANSWER = 2;

const STATUSES = `
Exit status:
  0  a new guest would get an address
  1  it would not, for a reason of this machine or its store, which is said
  2  no gateway answers
  3  the pool is full`;

export function addHealthCommand(program: Command): void {
  const { variable, default: fallback } = SETTINGS.leasesDir;
  program
    .command('health')
    .description('ask the running gateway whether a new guest would get an address, and what is wrong')
    .option('--leases-dir <directory>', `its leases directory (${variable}; default ${fallback})`)
    .option('--segment <name>', 'of this segment alone, where several are served')
    .option('--json', 'as JSON')
    .addHelpText('after', STATUSES)
    .action(async ({ leasesDir, segment, json }: LeaseFolderOptions & { readonly json?: boolean }) => {
      const directory = leasesDirectory(leasesDir, process.env);
      process.exitCode = await health(join(directory, HEALTH_SOCKET), segment, json === true);
    });
}

async function health(socket: string, segment: string | undefined, asJson: boolean): Promise<number> {
  const output = standardOutput();
  let answer: Status | SegmentsStatus;
  try {
    answer = await askHealthOfAll(socket, ANSWER_TIME);
  } catch (error) {
    const why = noAnswer(socket, error);
    if (asJson) output.write(jsonText({ verdict: 'no-answer', ...why }));
    else complain(noAnswerToText(why));
    return NO_ANSWER;
  }
  const said = statusOfSegment(answer, segment);
  if (asJson) output.write(jsonText(said));
  else if (isOfSeveral(said)) writeSentences(output, said.segments.flatMap(sentencesOfSegment));
  else writeSentences(output, sentencesOf(said));
  return EXIT[said.verdict];
}

function sentencesOfSegment(said: SegmentStatus): readonly string[] {
  const [first = '', ...others] = sentencesOf(said);
  return [`${said.segment}: ${first}`, ...others.map((line) => `  ${line}`)];
}

/** Problems come first, each with its remedy below it. */
function sentencesOf(said: Status): readonly string[] {
  const { pool, shortcomings, problems } = said;
  return [
    headline(said),
    ...worstFirst(problems).flatMap((problem) => [
      `${levelOf(problem)}: ${problem.message}`,
      ...whatToDo(said, problem),
    ]),
    ...(pool === null ? [] : [`pool: ${poolUseToText(pool)}`]),
    ...refusedLines(said),
    ...(said.reception === null ? [] : [`messages: ${receptionText(said.reception)}`]),
    ...settingsLines(said.settings),
    ...shortcomings.map((shortcoming) => `shortcoming: ${shortcoming}`),
  ];
}

function whatToDo(said: Status, problem: RunningProblem): readonly string[] {
  const { name, remedy } = problem;
  if (name === 'unheard') return mendingOfUnheard(said, remedy);
  return levelOf(problem) === 'note' ? [`  what to do: ${remedy}`] : mending(remedy);
}

/** The rule that drops the messages of guests and the command that lets them in, where the firewall can be read. */
function mendingOfUnheard({ interface: name }: Status, remedy: string): readonly string[] {
  const rules = (name === null ? undefined : droppingRulesFor(name)) ?? [];
  if (rules.length === 0) return mending(remedy);
  return rules.flatMap(({ text, letIn }) => [`  it is dropped by: ${text}`, ...mending(letIn)]);
}

function mending(remedy: string): readonly string[] {
  return remedy === '' ? [] : [`  to mend it: ${asTyped(remedy)}`];
}

const HEADLINES: Readonly<Record<Verdict, string>> = {
  served: 'a new guest gets an address',
  'not-served': 'A NEW GUEST GETS NO ADDRESS',
  'pool-full': 'A NEW GUEST GETS NO ADDRESS, for the pool is full',
};

function headline(said: Status): string {
  const { status, verdict, listenIp, interface: name, transport } = said;
  const where = listenIp === null ? '' : ` on ${listenIp} (${name}, ${transport})`;
  const rules = verdict === 'served' ? rulesThatAreSet(said.settings) : [];
  const limited = rules.length === 0 ? '' : `, if ${rules.join(' and ')} let it`;
  return `${status}${where}: ${HEADLINES[verdict]}${limited}`;
}

function refusedLines({ refusedClients }: Status): readonly string[] {
  if (refusedClients.length === 0) return [];
  const more = refusedClients.length - NAMED;
  return [
    `refused: ${refusedClients.length} client${refusedClients.length === 1 ? '' : 's'} in a day${more > 0 ? `, the last ${NAMED} of them (all: --json)` : ''}:`,
    ...refusedClients.slice(0, NAMED).map(({ hardware, hostname, why, count, lastAsked }) => {
      const name = hostname === null ? '' : ` ${hostname}`;
      return `  ${hardware}${name}: ${why}, ${count} message${count === 1 ? '' : 's'}, the last one at ${lastAsked}`;
    }),
  ];
}

function receptionText({ since, lastHeard, unheard, hasCarrier }: ReceptionStatus): string {
  const carrier = hasCarrier === false ? '; nothing is connected to the interface' : '';
  return `${messagesText(since, lastHeard, unheard)}${carrier}`;
}

function messagesText(since: string, lastHeard: string | null, unheard: number | null): string {
  if (lastHeard !== null) return `the last one came at ${lastHeard}`;
  const none = `no DHCP message has arrived since ${since}`;
  if (unheard === null)
    return `${none}; whether a firewall drops them is not known (no packet socket: see the shortcomings)`;
  if (unheard === 0) return `${none}, nor has any come to the interface`;
  return `${none}, and ${unheard} came to the interface`;
}

/** Settings that are always shown; others only if they were set. */
const ALWAYS: readonly string[] = [SETTINGS.gateway.variable, SETTINGS.leaseTime.variable];

function settingsLines(settings: readonly ShownSetting[]): readonly string[] {
  const shown = settings.filter(
    ({ setting, from, value }) => value !== null && (from !== 'default' || ALWAYS.includes(setting)),
  );
  if (shown.length === 0) return [];
  return [
    'settings of the running gateway (all of them: --json):',
    ...shown.map(({ setting, value, from }) => `  ${setting}=${value} (${from})`),
  ];
}
