import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { GatewayError } from '../../src/errors.ts';
import { type Instant, instant } from '../../src/lease/lease.ts';
import {
  type CertificatesReport,
  makeCertificates,
} from '../../src/sharing/certificates/make-certificates.ts';
import { nodesFromText } from '../../src/sharing/node-list.ts';

const DAY = 86_400_000;
/** When certificates are made, unless a test says more. */
export const NOW: Instant = instant(Date.UTC(2026, 10, 28, 16));
export const THREE = 'node1=192.0.2.11,node2=192.0.2.12,node3=192.0.2.13';

export interface Wish {
  readonly days?: number;
  readonly renew?: boolean;
  readonly renewAuthority?: boolean;
  readonly now?: Instant;
}

export function daysOn(days: number): Instant {
  return instant(NOW + days * DAY);
}

/** What became of the authority, and of each node. */
export function whatOf({ authority, nodes }: CertificatesReport): readonly string[] {
  return [authority.outcome, ...nodes.map(({ outcome }) => outcome)];
}

/** A folder for each test, and certificates in its directory etcd-certificates. */
export class CertificateFolder {
  #folder = '';

  /** For all tests of a file. */
  static use(): CertificateFolder {
    const made = new CertificateFolder();
    beforeEach(() => {
      made.#folder = mkdtempSync(join(tmpdir(), 'vps-gateway-made-'));
    });
    afterEach(() => rmSync(made.#folder, { recursive: true, force: true }));
    return made;
  }

  get folder(): string {
    return this.#folder;
  }

  get out(): string {
    return join(this.#folder, 'etcd-certificates');
  }

  /** Of a file below `out`. */
  path(name: string): string {
    return join(this.out, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  certificate(name: string): X509Certificate {
    return new X509Certificate(this.text(name));
  }

  make(nodes: string, wish: Wish = {}): CertificatesReport {
    const usual = { directory: this.out, days: 3650, renew: false, renewAuthority: false, now: NOW };
    return makeCertificates({ ...usual, nodes: nodesFromText(nodes), ...wish });
  }

  /** The error of a refusal, by which nothing was written. */
  refusal(nodes: string, wish: Wish = {}): string {
    const before = this.contents();
    try {
      this.make(nodes, wish);
    } catch (error) {
      expect(this.contents()).toEqual(before);
      const { code, message } = error as GatewayError;
      return `${code}: ${message.replaceAll(`${this.out}/`, '')}`;
    }
    throw new Error('it was not refused');
  }

  /** All files below `out`, by their names. */
  contents(): Readonly<Record<string, string>> {
    if (!existsSync(this.out)) return {};
    const names = readdirSync(this.out, { recursive: true, encoding: 'utf8' });
    const files = names.filter((name) => statSync(this.path(name)).isFile());
    return Object.fromEntries(files.sort().map((name) => [name, this.text(name)]));
  }

  openssl(...words: readonly string[]): string {
    return execFileSync('openssl', words, {
      encoding: 'utf8',
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
