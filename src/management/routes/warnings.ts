import { z } from 'zod';
import {
  levelOf,
  type ProblemLevel,
  type ProblemName,
  type RunningProblem,
  worstFirst,
} from '../../diagnosis/running-problem.ts';
import { sentence } from '../../diagnosis/sentence.ts';
import { type Operation, operation } from '../http/operation.ts';
import type { Asked } from '../metrics/families.ts';
import type { RouteParts } from './route-parts.ts';

/** What is said where the packets' thread does not answer. */
export const STANDS_STILL = {
  name: 'stands-still',
  message: 'the thread that serves guests does not answer',
  remedy: 'see to the disk of the leases directory and to the load of this node (dmesg, top)',
  stopsNewGuests: true,
} as const;

/** What each problem means for guests. */
const MEANS: Readonly<Record<ProblemName, string>> = {
  'not-started': 'No guest is answered yet.',
  'listen-address': 'No guest is answered by this gateway until it has its address.',
  'listen-ip-conflict': 'Renewals may reach the other machine in place of this gateway.',
  'interface-down': 'No message of a guest arrives here.',
  unheard: 'Messages of guests reach this node and not the gateway: a firewall may drop them.',
  store: 'No new lease is given; leases that run are confirmed for what is left of them.',
  directory: 'New files cannot be made beside the leases; leases are given while the journal has room.',
  'lease-file': 'Leases are given; listings are older than what guests have.',
  peers: 'Two gateways could give one address; what each hears of the other makes that rare.',
  'gateway-gone':
    'Its guests keep their leases, and another gateway answers them at the latest when these end.',
  'rogue-server': 'Guests may get addresses and a router from a server that is not yours.',
  api: 'Programs do not reach the API, nor the metrics; guests are served.',
  'api-certificate': 'Programs that check the certificate of the API do not reach it.',
  certificates: 'This gateway loses etcd when its certificates end.',
  cluster: 'What the gateways have in common, or their etcd, is not as it should be.',
  settings: 'Guests are served by the settings of before; a restart may fail, or change more than is meant.',
  hook: 'Guests are served; a program or a server does not know of changes since.',
  'file-reservations': 'Their guests get addresses as if nothing were reserved for them.',
  'rival-reservations':
    'Their guest gets the address of the one that was made first; the other address lies idle.',
  platform: 'The platform cannot call this gateway: it makes and removes no reservations here.',
  clock: 'No address of a lease that ended is given again until the time is known to be right.',
  'pool-full': 'New guests get no address; those that have one keep it.',
  'pool-nearly-full': 'New guests get addresses until the rest is used.',
};

export const WARNING = z.object({
  id: z.string(),
  level: z.enum(['guests-suffer', 'no-guest-suffers', 'note']),
  since: z.string().nullable().meta({ format: 'date-time' }),
  title: z.string(),
  means: z.string(),
  remedy: z.string(),
  command: z.string().nullable(),
  node: z.string(),
});

export function warningsRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/warnings',
    name: 'listWarnings',
    summary:
      'What is wrong now, with what to do; those that guests suffer from come first, notes of what may stay as it is last',
    query: z.object({ segment: z.string().optional() }),
    answer: z.object({ items: z.array(WARNING), total: z.int(), as_of: z.string() }),
    run: async () => {
      const { node } = parts.options;
      const items = warningsOf(await parts.asked.result(), node);
      return { items: [...items], total: items.length, as_of: new Date(parts.now()).toISOString() };
    },
  });
}

function warningsOf({ status, figures }: Asked, node: string): readonly z.output<typeof WARNING>[] {
  return worstFirst(status.problems).map((problem) =>
    warningOf(problem, figures.problemsSince[problem.name], node),
  );
}

/** How much each matters, in the words of the API. */
export const WARNING_LEVELS = {
  problem: 'guests-suffer',
  warning: 'no-guest-suffers',
  note: 'note',
} as const satisfies Record<ProblemLevel, string>;

function warningOf(problem: RunningProblem, since: number | undefined, node: string) {
  const { name, message, remedy } = problem;
  return {
    id: name,
    level: WARNING_LEVELS[levelOf(problem)],
    since: since === undefined ? null : new Date(since).toISOString(),
    title: message,
    means: MEANS[name],
    remedy: sentence(remedy),
    command: /`([^`]+)`/.exec(remedy)?.[1] ?? null,
    node,
  };
}
