import { expect, test } from 'vitest';
import {
  type HardwareAddress,
  hardwareFromText,
  hardwareToDigits,
  hardwareToText,
} from '../../src/net/hardware-address.ts';

const TEXTS = [
  '00:00:00:00:00:00',
  '52:54:00:00:00:01',
  '01:23:45:67:89:ab',
  'cd:ef:fe:dc:ba:98',
  '7f:ff:80:00:00:00',
  'ff:ff:ff:ff:ff:ff',
];

test.each(TEXTS)('%s is the text of the number that it is read as', (text) => {
  const address = hardwareFromText(text) as HardwareAddress;

  expect(hardwareToText(address)).toBe(text);
  expect(hardwareToDigits(address)).toBe(text.replaceAll(':', ''));
});
