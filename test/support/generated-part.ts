const BEGIN = /^<!-- begin: made from .* -->$/m;
const END = '<!-- end -->';

/**
 * A page with what stands between its marks exchanged; the rest of it is written by hand.
 *
 * @throws Error if the page has no such marks.
 */
export function withGeneratedPart(page: string, part: string): string {
  const begin = BEGIN.exec(page);
  const end = page.indexOf(END);
  if (begin === null || end < begin.index) throw new Error(`no marks: ${BEGIN.source} and ${END}`);
  const start = begin.index + begin[0].length;
  return `${page.slice(0, start)}\n\n${part.trim()}\n\n${page.slice(end)}`;
}
