import { LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';

/** The message that a firewall is asked about: a new guest's DHCPDISCOVER, as it comes in by the segment's interface. */
export interface Asked {
  readonly interfaceName: string;
  /** Its frames pass the rules for bridges first. */
  readonly isBridge: boolean;
}

export const DISCOVER = {
  source: UNSPECIFIED,
  target: LIMITED_BROADCAST,
  sourcePort: 68,
  targetPort: 67,
} as const;

/** Whether a rule is about that message; unknown: it asks for something that nobody can say beforehand. */
export type Answer = 'yes' | 'no' | 'unknown';

/** all: every one is so. */
export function all(answers: readonly Answer[]): Answer {
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

/** any: one of them is so. */
export function any(answers: readonly Answer[]): Answer {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

export function not(answer: Answer): Answer {
  if (answer === 'unknown') return answer;
  return answer === 'yes' ? 'no' : 'yes';
}

export function isSo(claim: boolean): Answer {
  return claim ? 'yes' : 'no';
}

/** What a rule does with what it is about; elsewhere: what becomes of it is decided by a program. */
export type Effect =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'nothing' | 'elsewhere' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
  readonly matches: Answer;
  readonly effect: Effect;
  /** For the operator, so that it can be found. */
  readonly text: string;
}

/** What is walked through from its beginning; the chains beside it are those that it can jump to. */
export interface BaseChain {
  readonly rules: readonly Rule[];
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  /** What becomes of what no rule has decided. */
  readonly policy: 'accept' | 'drop';
  readonly policyText: string;
}

/** How a chain ends for the message; `mayAccept`: a rule that nobody can judge may have let it in, or out of the chain. */
interface End {
  readonly kind: 'accept' | 'drop' | 'through';
  readonly mayAccept: boolean;
  readonly text: string;
}

const MOST_JUMPS = 16;

/** The rules that are sure to drop the message, one of each base chain; what may be let in is not named. */
export function droppingRules(chains: readonly BaseChain[]): readonly string[] {
  return chains.flatMap((chain) => {
    const end = walk(chain.rules, chain.chains, 0);
    if (end.mayAccept || end.kind === 'accept') return [];
    if (end.kind === 'drop') return [end.text];
    return chain.policy === 'drop' ? [chain.policyText] : [];
  });
}

function walk(rules: readonly Rule[], chains: ReadonlyMap<string, readonly Rule[]>, depth: number): End {
  let mayAccept = false;
  const end = (kind: End['kind'], text = ''): End => ({ kind, mayAccept, text });
  for (const { matches, effect, text } of rules) {
    if (matches === 'no' || effect.kind === 'nothing') continue;
    const outcome = outcomeOf(effect, text, chains, depth);
    if (matches === 'unknown' || outcome === 'elsewhere') {
      if (outcome === 'elsewhere' || outcome.kind !== 'drop' || outcome.mayAccept)
        mayAccept ||= leaves(effect, outcome);
      continue;
    }
    mayAccept ||= outcome.mayAccept;
    if (outcome.kind !== 'through') return end(outcome.kind, outcome.text);
    if (effect.kind !== 'jump') return end('through');
  }
  return end('through');
}

/** Whether what a rule may do keeps the message from the rules behind it, other than by dropping it. */
function leaves(effect: Effect, outcome: End | 'elsewhere'): boolean {
  if (outcome === 'elsewhere' || effect.kind !== 'jump') return true;
  return outcome.kind === 'accept' || outcome.mayAccept;
}

function outcomeOf(
  effect: Effect,
  text: string,
  chains: ReadonlyMap<string, readonly Rule[]>,
  depth: number,
): End | 'elsewhere' {
  switch (effect.kind) {
    case 'accept':
    case 'drop':
      return { kind: effect.kind, mayAccept: false, text };
    case 'return':
    case 'nothing':
      return { kind: 'through', mayAccept: false, text };
    case 'elsewhere':
      return 'elsewhere';
    case 'jump':
    case 'goto': {
      const rules = chains.get(effect.chain);
      return rules === undefined || depth >= MOST_JUMPS ? 'elsewhere' : walk(rules, chains, depth + 1);
    }
  }
}
