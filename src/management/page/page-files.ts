import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { REASONS } from '../../engine/decision/reasons.ts';
import { linkModules } from './link-modules.ts';

/** What a browser gets by the ends of their names; anything else in the folder is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};
const INDEX = 'index.html';
/** Of index.html: where the version belongs, the list of modules, and the style sheets, which are sent as one file. */
const VERSION = '{version}';
const MODULES = '<!-- modules -->';
const STYLES = /<!-- styles: ([\w ]+) -->/;
const STYLE_FILE = 'page.css';
/** And the page's own modules. */
const MODULE_FILE = 'page.js';

export type Encoding = 'br' | 'gzip';
const COMPRESS: Readonly<Record<Encoding, (body: Buffer) => Promise<Buffer>>> = {
  br: promisify(brotliCompress),
  gzip: promisify(gzip),
};

/** One file of the page, and what it is compressed. */
export class PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  readonly #compressed = new Map<Encoding, Promise<Buffer>>();

  constructor(name: string, body: Buffer) {
    this.type = TYPES[extname(name)] ?? 'application/octet-stream';
    this.body = body;
    this.etag = hashOf([body]);
  }

  /** It is compressed once, when it is asked for first. */
  compressed(encoding: Encoding): Promise<Buffer> {
    const known = this.#compressed.get(encoding);
    if (known !== undefined) return known;
    const made = COMPRESS[encoding](this.body);
    this.#compressed.set(encoding, made);
    return made;
  }
}

/** The files of the page, as they are served. */
export interface PageFiles {
  /** Changes with any of them: their addresses have it, so that they never have to be asked for again. */
  readonly version: string;
  readonly index: PageFile;
  /** By their paths below the version. */
  readonly assets: ReadonlyMap<string, PageFile>;
}

/** Reads the folder `page` of the package, and of other packages what it uses. */
export function readPageFiles(folder = join(packageFolder(), 'src/page')): PageFiles {
  const bodies = new Map<string, Buffer>([...ownFiles(folder), ...vendorFiles(), ...madeFiles()]);
  const html = (bodies.get(INDEX) ?? '').toString();
  bodies.delete(INDEX);
  joinStyles(html, bodies);
  joinModules(bodies);
  const version = hashOf([Buffer.from(html), ...bodies.values()]);
  const assets = new Map([...bodies].map(([path, body]) => [path, new PageFile(path, body)]));
  return { version, index: new PageFile(INDEX, Buffer.from(indexOf(html, version, assets))), assets };
}

/** Each rule weighs as much as those before it, so the order of the sheets is told by index.html. */
function joinStyles(html: string, bodies: Map<string, Buffer>): void {
  const [, names = ''] = STYLES.exec(html) ?? [];
  const paths = names.split(' ').map((name) => `styles/${name}.css`);
  const joined = Buffer.concat(paths.map((path) => bodies.get(path) ?? Buffer.alloc(0)));
  for (const path of paths) bodies.delete(path);
  bodies.set(STYLE_FILE, joined);
}

/** The page's own modules as one; those of other packages stay beside it. */
function joinModules(bodies: Map<string, Buffer>): void {
  const own = [...bodies.keys()].filter((path) => isModule(path) && !path.startsWith('vendor/'));
  const modules = new Map(own.map((path) => [path, (bodies.get(path) ?? '').toString()]));
  for (const path of own) bodies.delete(path);
  bodies.set(MODULE_FILE, Buffer.from(linkModules(modules, 'main.js')));
}

function isModule(path: string): boolean {
  return path.endsWith('.js') && !path.endsWith('.classic.js');
}

function indexOf(html: string, version: string, assets: ReadonlyMap<string, PageFile>): string {
  const modules = [...assets.keys()]
    .filter(isModule)
    .map((path) => `<link rel="modulepreload" href="assets/${version}/${path}">`);
  return html
    .replace(STYLES, `<link rel="stylesheet" href="assets/${VERSION}/${STYLE_FILE}">`)
    .replace(MODULES, modules.join('\n'))
    .replaceAll(VERSION, version);
}

function ownFiles(folder: string): readonly (readonly [string, Buffer])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => TYPES[extname(name)] !== undefined && name !== 'tsconfig.json')
    .sort()
    .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name))]);
}

/**
 * Preact and htm as modules. A browser finds no module by the bare name of its package: an import map would tell it, and is an
 * inline script, which the policy of the page forbids. uPlot is a script that makes a global name; only charts load it.
 */
function vendorFiles(): readonly (readonly [string, Buffer])[] {
  const { resolve } = createRequire(import.meta.url);
  const text = (path: string) =>
    readFileSync(path, 'utf8')
      .replace(/\bfrom\s*(["'])preact\1/g, 'from"./preact.js"')
      .replace(/\n\/\/# sourceMappingURL=\S*\s*$/, '\n');
  const uplot = dirname(resolve('uplot'));
  const files = {
    'vendor/preact.js': resolve('preact'),
    'vendor/hooks.js': resolve('preact/hooks'),
    'vendor/htm.js': join(dirname(resolve('htm')), 'htm.mjs'),
    'vendor/uplot.classic.js': join(uplot, 'uPlot.iife.min.js'),
    'vendor/uplot.css': join(uplot, 'uPlot.min.css'),
  };
  return Object.entries(files).map(([path, from]) => [path, Buffer.from(text(from))]);
}

/** Reason words have their sentences from the table that log and documentation have them from. */
function madeFiles(): readonly (readonly [string, Buffer])[] {
  return [['text/reasons.json', Buffer.from(JSON.stringify(REASONS))]];
}

/** Of the package, wherever in it this runs: as a module of its own, or in the one file of a thread. */
function packageFolder(folder = dirname(fileURLToPath(import.meta.url))): string {
  const above = dirname(folder);
  return existsSync(join(folder, 'src/page', INDEX)) || above === folder ? folder : packageFolder(above);
}

function hashOf(bodies: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const body of bodies) hash.update(body);
  return hash.digest('base64url').slice(0, 16);
}
