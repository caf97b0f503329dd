import { join } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { Instant } from '../../lease/lease.ts';
import type { NodeAddress } from '../node-list.ts';
import {
  type Authority,
  type NewAuthority,
  newAuthority,
  readAuthority,
  renewedAuthority,
} from './authority.ts';
import { directoriesIn } from './key-directory.ts';
import { type NewNodeFiles, type NodeFiles, newNodeFiles, readNodeFiles } from './node-files.ts';
import type { Issuer } from './x509.ts';

export interface CertificatesWish {
  /** Where authority/ and nodes/ are, or will be. */
  readonly directory: string;
  readonly nodes: readonly NodeAddress[];
  /** How long a new certificate of a node counts. */
  readonly days: number;
  /** New certificates for the nodes that have one. */
  readonly renew: boolean;
  /** A new time for the authority. */
  readonly renewAuthority: boolean;
  readonly now: Instant;
}

/** authority-renewed: of a node's files only ca.crt is another. */
export type CertificateOutcome = 'made' | 'renewed' | 'kept' | 'authority-renewed';

/** What is to be done for a node. */
export interface NodePlan {
  readonly node: NodeAddress;
  readonly directory: string;
  readonly found: NodeFiles;
  readonly outcome: CertificateOutcome;
  /** undefined: its certificate is kept. */
  readonly made: NewNodeFiles | undefined;
}

export interface CertificatesPlan {
  readonly authority: Authority | NewAuthority;
  readonly authorityOutcome: Exclude<CertificateOutcome, 'authority-renewed'>;
  readonly authorityDirectory: string;
  readonly nodes: readonly NodePlan[];
}

/**
 * Reads what is there, and makes in memory what will be written.
 *
 * @throws GatewayError refused, with every problem; output-failed if it cannot be read.
 */
export function planCertificates(wish: CertificatesWish): CertificatesPlan {
  const authorityDirectory = join(wish.directory, 'authority');
  const known = readAuthority(authorityDirectory);
  const others = directoriesIn(join(wish.directory, 'nodes'));
  const nodes = wish.nodes.map((node) => {
    const directory = join(wish.directory, 'nodes', node.name);
    const found = readNodeFiles(directory, node, known, wish.now);
    return { node, directory, found, outcome: outcomeFor(found, wish) };
  });
  refuse([
    ...(known === undefined
      ? missingAuthority(wish, others)
      : authorityProblems(wish, known, wish.renewAuthority || nodes.some(isSigned))),
    ...leftOut(wish, others),
    ...nodes.flatMap((each) => nodeProblems(wish, each)),
    ...wish.nodes.flatMap((node) => caseProblems(node, others)),
  ]);
  const authority = authorityOf(known, wish);
  const planned = nodes.map((each) => ({
    ...each,
    made: isSigned(each)
      ? newNodeFiles(each.node, authority as Authority & { readonly issuer: Issuer }, wish.now, wish.days)
      : undefined,
  }));
  const authorityOutcome = known === undefined ? 'made' : wish.renewAuthority ? 'renewed' : 'kept';
  return { authority, authorityOutcome, authorityDirectory, nodes: planned };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0)
    throw new GatewayError('refused', `nothing was written:\n  ${problems.join('\n  ')}`);
}

function authorityOf(
  known: Authority | undefined,
  { now, days, renewAuthority }: CertificatesWish,
): Authority {
  if (known === undefined) return newAuthority(now, days);
  return renewAuthority && known.issuer !== undefined ? renewedAuthority(known.issuer, now, days) : known;
}

function isSigned({ outcome }: { readonly outcome: CertificateOutcome }): boolean {
  return outcome === 'made' || outcome === 'renewed';
}

function outcomeFor({ kind }: NodeFiles, { renew, renewAuthority }: CertificatesWish): CertificateOutcome {
  if (kind === 'missing') return 'made';
  if (renew) return 'renewed';
  return renewAuthority ? 'authority-renewed' : 'kept';
}

function missingAuthority(
  { directory, renewAuthority }: CertificatesWish,
  others: readonly string[],
): readonly string[] {
  const path = join(directory, 'authority');
  if (others.length > 0)
    return [
      `${path} is not there, and ${join(directory, 'nodes')} has certificates of an authority (${others.join(', ')}): put it back, or move ${directory} away and make all certificates anew`,
    ];
  return renewAuthority ? [`${path} is not there: leave --renew-authority out, and it is made`] : [];
}

function authorityProblems(
  { directory, now, renewAuthority }: CertificatesWish,
  { certificate, issuer }: Authority,
  signs: boolean,
): readonly string[] {
  const path = join(directory, 'authority');
  const [begin, end] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const problems: string[] = [];
  if (now < begin)
    problems.push(
      `${path}/ca.crt begins on ${dayOf(begin)}, and now it is ${dayOf(now)} here: see that this machine's clock is right`,
    );
  if (now >= end && !renewAuthority)
    problems.push(
      `${path}/ca.crt has ended on ${dayOf(end)}: give it a new time with --renew-authority, and the nodes new certificates with --renew`,
    );
  if (issuer === undefined && signs)
    problems.push(
      `${path}/ca.key is not there, and is needed to sign: bring it back from where you keep it, for as long as this command runs`,
    );
  return problems;
}

/** Every node needs the renewed ca.crt, so --nodes must name every node. */
function leftOut(
  { directory, nodes, renewAuthority }: CertificatesWish,
  others: readonly string[],
): readonly string[] {
  const left = others.filter((name) => !nodes.some((node) => node.name === name));
  if (!renewAuthority || left.length === 0) return [];
  return [
    `${join(directory, 'nodes')} has ${left.join(', ')}, which --nodes has not, and each node needs the renewed ca.crt: name them too, or remove their directories if they are gone`,
  ];
}

function nodeProblems(
  { renewAuthority }: CertificatesWish,
  { node, found, outcome }: Pick<NodePlan, 'node' | 'found' | 'outcome'>,
): readonly string[] {
  if (!('problem' in found) || outcome === 'renewed') return [];
  if (renewAuthority) {
    if (found.kind === 'old-authority') return [];
    return [`${found.problem}: make the nodes' certificates anew too, with --renew`];
  }
  return [`${found.problem}: make its certificate anew with --nodes ${node.name}=${node.address} --renew`];
}

/** Some file systems take both names for one. */
function caseProblems({ name }: NodeAddress, others: readonly string[]): readonly string[] {
  const other = others.find((each) => each !== name && each.toLowerCase() === name.toLowerCase());
  return other === undefined
    ? []
    : [`--nodes has '${name}', and there is '${other}' already: write it in the same way`];
}

/** `2036-11-26` */
export function dayOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
