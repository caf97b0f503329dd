import { describe, expect, test } from 'vitest';
import { changesToText } from '../../../src/cli/reservations/changes-to-text.ts';

const labelled = (name: string) => [{ member: `labels.${name}`, from: '1', to: '2' }];

describe('the name of a label', () => {
  test.each(['node', 'example.com/role', 'größe', 'a->b'])(
    'is written as it is where it is a plain word: %s',
    (name) => {
      expect(changesToText(labelled(name))).toBe(`labels.${name}: 1 -> 2`);
    },
  );

  test.each([
    ['a: 1 -> 2; macs', '"a: 1 -> 2; macs"'],
    ['a; b', '"a; b"'],
    ['of the node', '"of the node"'],
    ['a:', '"a:"'],
    ['the "node"', String.raw`"the \"node\""`],
    ['', '""'],
  ])('is quoted where it could be read as the end of it: %s', (name, quoted) => {
    expect(changesToText(labelled(name))).toBe(`labels.${quoted}: 1 -> 2`);
  });
});

test('what was changed is written member by member, and a text that is no plain word is quoted', () => {
  const changes = [
    { member: 'hostname', from: null, to: 'none' },
    { member: 'mac', from: ['52:54:00:12:34:56', '52:54:00:12:34:57'], to: [] },
    { member: 'note', from: 'of web; mac: x', to: 'db' },
    { member: 'lease_time', from: 60, to: null },
  ];

  expect(changesToText(changes)).toBe(
    'hostname: none -> "none"; mac: 52:54:00:12:34:56, 52:54:00:12:34:57 -> none; note: "of web; mac: x" -> db; lease_time: 60 -> none',
  );
});
