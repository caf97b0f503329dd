import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { problemToText } from '../../src/config/problem.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vps-gateway-hook-'));
  for (const [name, mode] of [
    ['hook', 0o755],
    ['plain', 0o644],
  ] as const) {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), mode);
  }
  writeFileSync(join(folder, 'two-lines'), 'a\nb\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** `@` stands for the folder. */
function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  const entries = Object.entries(environment).map(([name, value]) => [name, value.replace(/^@/, folder)]);
  const loaded = loadSettings({}, Object.fromEntries(entries));
  return (loaded.ok ? [] : loaded.problems).map(problemToText).map((text) => text.replaceAll(folder, '@'));
}

test('a program that may be executed, and a URL with its secret, are taken', () => {
  expect(
    problemsOf({
      GATEWAY_DHCP_HOOK: '@/hook',
      GATEWAY_DHCP_WEBHOOK: 'https://hooks.example.net/leases',
      GATEWAY_DHCP_WEBHOOK_SECRET: 'whsec_AAECAwQF',
      GATEWAY_DHCP_HOOK_TIMEOUT: '30s',
    }),
  ).toEqual([]);
});

test.each([
  ['hook', 'is not a whole path'],
  ['@/none', 'there is no such file'],
  ['@/hook/none', 'there is no such file'],
  ['@', 'is no program, but something else'],
  ['@/plain', 'may not be executed by this user'],
])('a hook %s is refused by its setting, its value, where it is from and the remedy', (value, message) => {
  const [problem, ...others] = problemsOf({ GATEWAY_DHCP_HOOK: value });

  expect(others).toEqual([]);
  expect(problem).toBe(
    `GATEWAY_DHCP_HOOK: '${value}' (environment GATEWAY_DHCP_HOOK): ${message}; name a program by its whole path, as /usr/local/lib/vps-gateway/hosts-hook, and make it executable: chmod 755`,
  );
});

test.each([
  ['hooks.example.net', 'is not an address of the web'],
  ['ftp://hooks.example.net/', 'is not an address of the web'],
  ['https://', 'is not an address of the web'],
  ['https://u:pass@hooks.example.net/', 'has a user or a password in it'],
])('a webhook %s is refused', (value, message) => {
  const [problem = '', ...others] = problemsOf({ GATEWAY_DHCP_WEBHOOK: value });

  expect(others).toEqual([]);
  expect(problem).toContain(message);
  expect(problem).not.toContain('pass@');
});

test.each([
  [{ GATEWAY_DHCP_WEBHOOK_SECRET: 's' }, 'there is no webhook'],
  [{ GATEWAY_DHCP_WEBHOOK: 'http://h/', GATEWAY_DHCP_WEBHOOK_CA: '@/plain' }, 'has no certificate in it'],
  [{ GATEWAY_DHCP_WEBHOOK: 'http://h/', GATEWAY_DHCP_WEBHOOK_CA: '@/none' }, 'cannot be read (ENOENT)'],
  [{ GATEWAY_DHCP_WEBHOOK: 'http://h/', GATEWAY_DHCP_WEBHOOK_SECRET_FILE: '@/two-lines' }, 'has no secret'],
  [
    {
      GATEWAY_DHCP_WEBHOOK: 'http://h/',
      GATEWAY_DHCP_WEBHOOK_SECRET: 'very-secret',
      GATEWAY_DHCP_WEBHOOK_SECRET_FILE: '@/plain',
    },
    'is set beside GATEWAY_DHCP_WEBHOOK_SECRET',
  ],
])('%j: %s', (environment, message) => {
  const problems = problemsOf(environment);

  expect(problems.join('\n')).toContain(message);
  expect(problems.join('\n')).not.toContain('very-secret');
});
