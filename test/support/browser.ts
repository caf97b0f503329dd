import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';

export const CHROMIUM = '/usr/bin/chromium';
/** What a page waits for may come late on a machine with other work: milliseconds. */
const PATIENCE = 30_000;
/** Pictures of what the tests have seen; git ignores them. */
const ARTEFACTS = join(import.meta.dirname, '../page/.artefacts');

export function hasChromium(): boolean {
  return existsSync(CHROMIUM);
}

const ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--disable-dev-shm-usage', '--font-render-hinting=none'],
];

/** A browser on a machine of the segment, with an empty profile: it reaches nothing but that machine and its segment. */
export class Browser {
  readonly context: BrowserContext;
  readonly #folder: string;

  private constructor(context: BrowserContext, folder: string) {
    this.context = context;
    this.#folder = folder;
  }

  static async open(host: Pick<NamespaceHost, 'pid'>, options: BrowserContextOptions = {}): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-browser-'));
    const program = join(folder, 'chromium');
    const inside = `nsenter --target ${host.pid} --net -- ${CHROMIUM}`;
    writeFileSync(program, `#!/bin/sh\nexec ${inside} "$@" 2>/dev/null\n`);
    chmodSync(program, 0o700);
    const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: program,
      args: ARGUMENTS,
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    return new Browser(context, folder);
  }

  /** A new tab. What it finds wrong itself, the policy that it enforces included, is in `complaints`. */
  async tab(): Promise<{ page: Page; complaints: string[] }> {
    const page = await this.context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
        complaints.push(message.text());
    });
    return { page, complaints };
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Keeps what a page looks like as an artefact. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`) });
}
