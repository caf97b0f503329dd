import { join } from 'node:path';
import type { NodeAddress } from '../node-list.ts';
import { DAY } from './authority.ts';
import { isOpenToOthers, makeDirectory, replaceFiles } from './key-directory.ts';
import {
  type CertificateOutcome,
  type CertificatesPlan,
  type CertificatesWish,
  dayOf,
  type NodePlan,
  planCertificates,
} from './plan-certificates.ts';

export interface MadeNode extends NodeAddress {
  readonly outcome: CertificateOutcome;
  /** Of ca.crt, node.crt and node.key, which are to be copied to the node. */
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export interface CertificatesReport {
  readonly authority: {
    readonly outcome: CertificateOutcome;
    readonly directory: string;
    readonly endsAt: number;
  };
  readonly nodes: readonly MadeNode[];
  readonly warnings: readonly string[];
}

/** Ends that are nearer are a warning; the gateways warn then, too. */
const WARNED_BEFORE_END = 30 * DAY;

/**
 * Makes an authority where there is none, and a certificate for each node that has none. What is there and good is kept.
 *
 * @throws GatewayError refused, with every problem, before anything is written; output-failed.
 */
export function makeCertificates(wish: CertificatesWish): CertificatesReport {
  const plan = planCertificates(wish);
  writeAuthority(plan);
  for (const node of plan.nodes) writeNode(node, plan);
  const { authority, authorityOutcome: outcome, authorityDirectory: directory } = plan;
  const endsAt = Date.parse(authority.certificate.validTo);
  return {
    authority: { outcome, directory, endsAt },
    nodes: plan.nodes.map((each) => reportOf(each, wish)),
    warnings: warningsOf(wish, plan, endsAt),
  };
}

function writeAuthority({
  authority,
  authorityOutcome,
  authorityDirectory: directory,
}: CertificatesPlan): void {
  const { pem } = authority;
  if ('keyPem' in authority) makeDirectory(directory, { 'ca.key': authority.keyPem, 'ca.crt': pem });
  else if (authorityOutcome === 'renewed') replaceFiles(directory, { 'ca.crt': pem });
}

function writeNode({ directory, outcome, made }: NodePlan, { authority }: CertificatesPlan): void {
  if (outcome === 'authority-renewed') replaceFiles(directory, { 'ca.crt': authority.pem });
  else if (made !== undefined && outcome === 'made') makeDirectory(directory, made.texts);
  else if (made !== undefined) replaceFiles(directory, made.texts);
}

function reportOf({ node, directory, outcome, made, found }: NodePlan, { now }: CertificatesWish): MadeNode {
  const endsAt = made?.endsAt ?? ('endsAt' in found ? found.endsAt : now);
  return { ...node, outcome, directory, endsAt };
}

function warningsOf(
  { now, days }: CertificatesWish,
  { authorityDirectory, nodes }: CertificatesPlan,
  authorityEnd: number,
): readonly string[] {
  const warnings: string[] = [];
  const key = join(authorityDirectory, 'ca.key');
  if (isOpenToOthers(key)) warnings.push(`others than its owner may use ${key}: chmod 600 ${key}`);
  if (nodes.some(({ made }) => made !== undefined) && authorityEnd < now + (days - 1) * DAY)
    warnings.push(
      `the new certificates end on ${dayOf(authorityEnd)}, with the authority, and not after ${days} days: --renew-authority gives it more time`,
    );
  for (const { node, made, found } of nodes)
    if (made === undefined && 'endsAt' in found && found.endsAt - now < WARNED_BEFORE_END)
      warnings.push(
        `the certificate of ${node.name} ends on ${dayOf(found.endsAt)}: renew it with --nodes ${node.name}=${node.address} --renew`,
      );
  return warnings;
}
