import type { Answer } from './answer.ts';

/** What a rule does with a message that it matches; elsewhere: a program decides. */
export type Effect =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'nothing' | 'elsewhere' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
  readonly matches: Answer;
  readonly effect: Effect;
  /** Tells the operator where to find the rule. */
  readonly text: string;
}

/** A chain that the kernel runs for each message, and the chains that its rules can jump to. */
export interface BaseChain {
  readonly rules: readonly Rule[];
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  /** What happens to a message that no rule has decided. */
  readonly policy: 'accept' | 'drop';
  readonly policyText: string;
  /** The command that puts a rule before all others of this chain, which lets the message in. */
  readonly letIn: string;
}

/** What drops the message, and the command that lets it in. */
export interface Dropping {
  readonly text: string;
  readonly letIn: string;
}

/** How a chain ends for the message. `mayAccept`: a rule with an unknown answer may have accepted it, or left the chain. */
interface End {
  readonly kind: 'accept' | 'drop' | 'through';
  readonly mayAccept: boolean;
  readonly text: string;
}

const MOST_JUMPS = 16;

/** The rules that certainly drop the message, at most one for each base chain. A chain that may accept it adds none. */
export function droppingRules(chains: readonly BaseChain[]): readonly Dropping[] {
  return chains.flatMap((chain) => {
    const { letIn } = chain;
    const end = walk(chain.rules, new Jumps(chain.chains), 0);
    if (end.mayAccept || end.kind === 'accept') return [];
    if (end.kind === 'drop') return [{ text: end.text, letIn }];
    return chain.policy === 'drop' ? [{ text: chain.policyText, letIn }] : [];
  });
}

/** The chains that can be jumped to, and how those ended that were. Each is walked once at a depth, however many rules jump to it. */
class Jumps {
  readonly #chains: ReadonlyMap<string, readonly Rule[]>;
  readonly #ends = new Map<string, End>();

  constructor(chains: ReadonlyMap<string, readonly Rule[]>) {
    this.#chains = chains;
  }

  /** @param depth How many jumps led to it. */
  endOf(chain: string, depth: number): End | 'elsewhere' {
    const rules = this.#chains.get(chain);
    if (rules === undefined || depth > MOST_JUMPS) return 'elsewhere';
    const key = `${depth} ${chain}`;
    const known = this.#ends.get(key);
    if (known !== undefined) return known;
    const end = walk(rules, this, depth);
    this.#ends.set(key, end);
    return end;
  }
}

function walk(rules: readonly Rule[], jumps: Jumps, depth: number): End {
  let mayAccept = false;
  const end = (kind: End['kind'], text = ''): End => ({ kind, mayAccept, text });
  for (const { matches, effect, text } of rules) {
    if (matches === 'no' || effect.kind === 'nothing') continue;
    const outcome = outcomeOf(effect, text, jumps, depth);
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

/** True if the rule may keep the message from the rules after it other than by dropping it. */
function leaves(effect: Effect, outcome: End | 'elsewhere'): boolean {
  if (outcome === 'elsewhere' || effect.kind !== 'jump') return true;
  return outcome.kind === 'accept' || outcome.mayAccept;
}

function outcomeOf(effect: Effect, text: string, jumps: Jumps, depth: number): End | 'elsewhere' {
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
    case 'goto':
      return jumps.endOf(effect.chain, depth + 1);
  }
}
