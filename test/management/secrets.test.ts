import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { apiSecrets } from '../../src/management/gateway/secrets.ts';

function secretsOf(environment: Readonly<Record<string, string>>) {
  const loaded = loadSettings({}, environment);
  if (!loaded.ok) throw new Error('the settings have faults');
  return apiSecrets(loaded.settings);
}

function inFile(text: string) {
  const file = join(mkdtempSync(join(tmpdir(), 'vps-gateway-secrets-')), 'secrets');
  writeFileSync(file, text);
  return secretsOf({ GATEWAY_API_SECRET_FILE: file });
}

test('one secret, in the variable or alone in a file, reads and writes', () => {
  const alone = [{ name: 'api', mayWrite: true, secret: 'hunter2:x' }];

  expect(secretsOf({})).toEqual([]);
  expect(secretsOf({ GATEWAY_API_SECRET: 'hunter2:x' })).toEqual(alone);
  expect(inFile('hunter2:x\n')).toEqual(alone);
});

test('a file may have several, each with its name and its right', () => {
  expect(inFile('# comment\n\nplatform:write:a:b\r\nboard:read:c\n')).toEqual([
    { name: 'platform', mayWrite: true, secret: 'a:b' },
    { name: 'board', mayWrite: false, secret: 'c' },
  ]);
  expect(inFile('board:read:c')).toEqual([{ name: 'board', mayWrite: false, secret: 'c' }]);
});

test.each([
  ['', /is empty/],
  ['one\ntwo\n', /line 1 is no secret with its name/],
  ['a:write:top-secret\nb:admin:top-secret\n', /line 2 is no secret with its name/],
  ['a:write:top-secret\na:read:top-secret2\n', /names a twice/],
  ['top secret', /line 1/],
  [`${'a:read:b\n'.repeat(65)}`, /more than 64/],
])('a file with %j is refused, without what it has in it', (text, why) => {
  expect(() => inFile(text)).toThrow(why);
  expect(() => inFile(text)).not.toThrow(/top-secret/);
});
