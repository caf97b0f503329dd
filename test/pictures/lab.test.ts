import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LabTerminal } from '../support/lab-terminal.ts';
import { describeSystem } from '../support/system.ts';
import { terminalPicture } from '../support/terminal-picture.ts';

const FOLDER = join(import.meta.dirname, '../../docs/pictures');
const COLUMNS = 100;
/** A picture is small enough for a page that is read over a slow line: octets. */
const LARGEST = 40_000;
const TITLE =
  'The lab: three nodes with a gateway each and their guests; a guest gets its lease; then a gateway is killed, and a guest moves to another node.';
/** The clock at the begin of what happens. */
const HAPPENED = /^ {2}\d\d:\d\d:\d\d/;

describeSystem('the picture of the lab', ['dhclient', 'udhcpc', 'dhcpcd'], () => {
  test('is made of the lab at a terminal', async () => {
    const terminal = new LabTerminal(COLUMNS);
    await terminal.until(/the page\s.*token=/s);
    for (const [key, title] of [
      ['b', '100 guests boot'],
      ['k', 'kill a gateway'],
      ['m', 'migrate a guest'],
    ]) {
      terminal.press(key ?? '');
      await terminal.until(new RegExp(`order +${title}.*did +kept`, 's'));
    }
    terminal.press('q');
    expect(await terminal.ended()).toBe(0);

    const shown = shownOf(terminal);
    const picture = terminalPicture(shown, COLUMNS, TITLE);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'lab.svg'), picture);

    expect(shown.length).toBeGreaterThan(25);
    expect(picture.length).toBeLessThan(LARGEST);
  });
});

/** The nodes, what guests got first, and what became of each order; not what gateways log beside it. */
function shownOf(terminal: LabTerminal): readonly string[] {
  const { lines, colouredLines } = terminal;
  const first = lines.findIndex((line) => HAPPENED.test(line));
  const shown = colouredLines.slice(
    lines.findIndex((line) => line.includes('vps-gateway lab')),
    first,
  );
  let isTold = false;
  for (const [index, line] of lines.entries()) {
    if (index < first) continue;
    if (HAPPENED.test(line)) isTold = /^.{16}(order|did|guest-\d) /.test(line);
    else if (!/^ {26}\S/.test(line)) isTold = false;
    if (isTold && /^.{16}order /.test(line)) shown.push('');
    if (isTold) shown.push(colouredLines[index] ?? '');
  }
  return shown;
}
