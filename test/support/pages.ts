import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** A page of the documentation. */
export interface Page {
  /** From the root: docs/etcd.md. */
  readonly path: string;
  readonly text: string;
}

/** What a page has between three backticks. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** README.md and every page under docs/. */
export function pages(): readonly Page[] {
  const names = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = names.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  return ['README.md', ...paths.sort()].map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));
}

export function blocksOf({ text }: Page): readonly Block[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', block = '']) => ({
    language,
    text: block,
  }));
}

/** The page without what stands between backticks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
}

/** What stands between single backticks, in prose and tables. */
export function codeOf({ text }: Page): readonly string[] {
  return [...text.replace(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replace(/\s+/g, ' ').replaceAll('\\|', '|'),
  );
}

/** The file that a link of a page means, from the root. */
export function targetOf({ path }: Page, link: string): string {
  return link === '' ? path : join(dirname(path), link);
}

/** The anchors that GitHub gives a page's headings. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const headings = text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm);
  const seen = new Map<string, number>();
  const anchors = [...headings].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(anchors);
}
