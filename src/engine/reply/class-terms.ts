import { mergedBoot } from '../../subnet/boot.ts';
import { ClassFacts, type ClientClass } from '../../subnet/client-class.ts';
import { NO_TERMS, type OwnTerms } from '../../subnet/own-terms.ts';
import type { RenewalRule } from '../../subnet/renewal.ts';
import type { Subnet } from '../../subnet/subnet.ts';
import type { Message } from '../../wire/message.ts';
import { ownLeaseTimes, putParameter } from './own-parameters.ts';

/** The subnet as clients of some classes see it. */
export interface ClassTerms {
  readonly subnet: Subnet;
  /** True: they get no answer. */
  readonly isNotServed: boolean;
}

/** Sets of classes that are remembered; beyond them all are forgotten, so that no guest can fill the memory. */
export const SET_LIMIT = 1024;

/** A set of classes: found by the first one of it, then the second, ... */
interface Node {
  readonly terms: ClassTerms;
  readonly answer: ClientClass['answer'];
  /** What its classes say together. */
  readonly says: OwnTerms;
  readonly next: Map<ClientClass, Node>;
}

interface Tree {
  readonly root: Node;
  size: number;
}

/** By the subnet as all clients see it. */
const TREES = new WeakMap<Subnet, Tree>();

/**
 * What the classes of a message's client make of the subnet. A client is of every class whose conditions it meets; of two
 * classes that say the same, the one that stands first counts. Each set of classes is worked out once.
 */
export function classTermsOf(message: Message, subnet: Subnet): ClassTerms {
  const tree = treeOf(subnet);
  const facts = new ClassFacts(message);
  let node = tree.root;
  for (const each of subnet.classes) {
    if (!facts.isIn(each)) continue;
    let next = node.next.get(each);
    if (next === undefined) {
      if (tree.size >= SET_LIMIT) TREES.delete(subnet);
      next = withClass(each, node, subnet);
      node.next.set(each, next);
      tree.size += 1;
    }
    node = next;
  }
  return node.terms;
}

function treeOf(subnet: Subnet): Tree {
  let tree = TREES.get(subnet);
  if (tree === undefined) {
    const root: Node = {
      ...{ terms: { subnet, isNotServed: false }, answer: undefined, says: NO_TERMS, next: new Map() },
    };
    tree = { root, size: 0 };
    TREES.set(subnet, tree);
  }
  return tree;
}

function withClass(added: ClientClass, { says: before, answer: said }: Node, subnet: Subnet): Node {
  const answer = said ?? added.answer;
  const says = both(before, added.terms);
  const terms = { subnet: seenWith(says, subnet), isNotServed: answer === 'never' };
  return { terms, answer, says, next: new Map() };
}

/** @param first What counts where both say something. */
function both(first: OwnTerms, second: OwnTerms): OwnTerms {
  // The times of a lease belong together: T1 of one class and T2 of another need not be in order.
  const hasTimes = first.leaseTime !== undefined || isSet(first.renewal);
  return {
    options: new Map([...second.options, ...first.options]),
    always: new Set([...first.always, ...second.always]),
    leaseTime: hasTimes ? first.leaseTime : second.leaseTime,
    renewal: hasTimes ? first.renewal : second.renewal,
    boot: mergedBoot(first.boot, second.boot),
  };
}

function seenWith({ options, always, leaseTime, renewal, boot }: OwnTerms, subnet: Subnet): Subnet {
  const parameters = new Map(subnet.parameters);
  for (const option of options.values()) putParameter(parameters, option);
  return {
    ...subnet,
    parameters,
    always: new Set([...subnet.always, ...always]),
    leaseTimes: ownLeaseTimes(subnet.leaseTimes, leaseTime),
    renewal: isSet(renewal) ? renewal : subnet.renewal,
    boot: mergedBoot(boot, subnet.boot),
  };
}

function isSet({ t1, t2 }: RenewalRule): boolean {
  return t1 !== undefined || t2 !== undefined;
}
