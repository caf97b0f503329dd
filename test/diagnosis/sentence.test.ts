import { expect, test } from 'vitest';
import { asTyped, sentence } from '../../src/diagnosis/sentence.ts';

test.each([
  ['leave it so', 'Leave it so.'],
  ['it is said. And more', 'It is said. And more.'],
  ['Who has it?', 'Who has it?'],
  ['`ip link set eth0 up`', '`ip link set eth0 up`.'],
  ['GATEWAY_PEERS names them', 'GATEWAY_PEERS names them.'],
  ['', ''],
])('%j as a sentence is %j', (text, said) => {
  expect(sentence(text)).toBe(said);
  expect(sentence(said)).toBe(said);
});

test('a remedy that is one command is told as it is typed, and any other as it is', () => {
  expect(asTyped('`ip link set eth0 up`')).toBe('ip link set eth0 up');
  expect(asTyped('`ip link set eth0 up`, or wait')).toBe('`ip link set eth0 up`, or wait');
  expect(asTyped('wait')).toBe('wait');
});
