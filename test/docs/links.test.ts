import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, type Page, pages, proseOf, ROOT, targetOf } from '../support/pages.ts';

const PAGES = pages();

/** `docs/etcd.md#certificates`, of each link that stays within the repository. */
function linksOf(page: Page): readonly string[] {
  const links = [...proseOf(page).matchAll(/\]\(\s*([^)\s]+)\s*\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link));
}

function whyBroken(page: Page, link: string): string | undefined {
  const [file = '', anchor] = link.split('#');
  const target = targetOf(page, file);
  if (!existsSync(join(ROOT, target))) return `${page.path}: ${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  const other = PAGES.find(({ path }) => path === target);
  return other !== undefined && anchorsOf(other).has(anchor)
    ? undefined
    : `${page.path}: ${link}: no such heading`;
}

test('every link of the documentation leads to a file that is there, and to a heading of it', () => {
  const broken = PAGES.flatMap((page) => linksOf(page).flatMap((link) => whyBroken(page, link) ?? []));

  expect(broken).toEqual([]);
});

test('every page under docs/ is linked from the README, and the README has at most 150 lines', () => {
  const [readme] = PAGES;
  const linked = new Set(readme === undefined ? [] : linksOf(readme).map((link) => link.split('#')[0]));

  expect(PAGES.slice(1).filter(({ path }) => !linked.has(path))).toEqual([]);
  expect(readme?.text.split('\n').length).toBeLessThanOrEqual(151);
});

test('every page of docs/ that code, examples and messages name is there, and nothing names a chapter of the README', () => {
  const folders = ['src', 'bin', 'docs/examples', '.ci'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const top = readdirSync(ROOT).filter((name) => name === 'Dockerfile' || name.endsWith('.yml'));
  const files = [...folders, ...top].filter((file) => statSync(join(ROOT, file)).isFile());
  const texts = files.map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));
  const named = texts.flatMap(({ text }) => text.match(/\bdocs\/[\w.-]+(\/[\w.-]+)*\w/g) ?? []);

  expect([...new Set(named)].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(texts.filter(({ text }) => /README/.test(text)).map(({ file }) => file)).toEqual([]);
});

test('every file of src and test that the documentation names is there', () => {
  const named = PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|test|bin|docs)\/[\w./-]*)`/g)].map(([, file = '']) => ({ path, file })),
  );

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});
