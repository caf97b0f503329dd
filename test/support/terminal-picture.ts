/** Of a character and of a line: pixels. */
const [WIDTH, HEIGHT] = [8.4, 19];
const MARGIN = 16;

/** ECMA-48 §8.3.117: what begins a style, and what ends it. */
const BEGINS: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'dim',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
};
const ENDS: Readonly<Record<string, readonly string[]>> = {
  0: Object.values(BEGINS),
  22: ['bold', 'dim'],
  39: ['red', 'green', 'yellow', 'cyan'],
};

/** Dark and light by what the reader's machine prefers. */
const STYLE = `
  svg { background: #f7f7f4; border-radius: 8px }
  text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; white-space: pre; fill: #22241f }
  .bold { font-weight: 700 } .dim { fill: #62655c } .red { fill: #a1260d } .green { fill: #1c6b2f }
  .yellow { fill: #7a5300 } .cyan { fill: #0b6275 }
  @media (prefers-color-scheme: dark) {
    svg { background: #17191a } text { fill: #e4e6e1 } .dim { fill: #9da19a } .red { fill: #ff8a75 }
    .green { fill: #7fd88f } .yellow { fill: #e5c07b } .cyan { fill: #7fcfe0 }
  }`;

/**
 * What a terminal has shown, as an SVG.
 *
 * @param lines with their colours
 * @param title for who cannot see it
 */
export function terminalPicture(lines: readonly string[], columns: number, title: string): string {
  const width = Math.ceil(columns * WIDTH) + 2 * MARGIN;
  const height = lines.length * HEIGHT + 2 * MARGIN;
  const styles = new Set<string>(); // One that is not ended goes on in the next line.
  const texts = lines.map((line, index) => textOf(line, styles, MARGIN + (index + 0.75) * HEIGHT));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    ...texts.filter((text) => text !== ''),
    '</svg>',
    '',
  ].join('\n');
}

/** Each run of one style has its own place, whatever the width of the reader's font. */
function textOf(line: string, styles: Set<string>, y: number): string {
  const runs: string[] = [];
  let column = 0;
  for (const [index, part] of line.split('\u001b[').entries()) {
    const [, code = '', text = ''] = index === 0 ? ['', '', part] : (/^(\d*)m(.*)$/.exec(part) ?? []);
    if (index > 0) {
      for (const ended of ENDS[code || '0'] ?? []) styles.delete(ended);
      const begun = BEGINS[code];
      if (begun !== undefined) styles.add(begun);
    }
    const length = [...text].length;
    const named = styles.size === 0 ? '' : ` class="${[...styles].join(' ')}"`;
    const place = `x="${round(MARGIN + column * WIDTH)}" textLength="${round(length * WIDTH)}"`;
    if (text.trim() !== '') runs.push(`<tspan ${place}${named}>${escaped(text)}</tspan>`);
    column += length;
  }
  return runs.length === 0 ? '' : `<text y="${round(y)}" xml:space="preserve">${runs.join('')}</text>`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
