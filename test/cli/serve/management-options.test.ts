import { describe, expect, test } from 'vitest';
import { wantsManagement } from '../../../src/cli/serve/management-options.ts';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import type { Environment } from '../../../src/config/settings.ts';

const OFF = { GATEWAY_METRICS_PORT: 'off', GATEWAY_API_SOCKET: 'off' };

function isWanted(environment: Environment): boolean {
  const loaded = loadSettings({}, environment);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return wantsManagement(loaded.settings);
}

describe('the thread of API, metrics and hooks', () => {
  test('is not started where port and socket are off, and nobody is told of changes', () => {
    expect(isWanted(OFF)).toBe(false);
  });

  test.each([
    ['the port', { GATEWAY_METRICS_PORT: '9091' }],
    ['the socket', { GATEWAY_API_SOCKET: 'on' }],
    ['a hook', { GATEWAY_DHCP_HOOK: '/bin/true' }],
    ['a webhook', { GATEWAY_DHCP_WEBHOOK: 'https://hooks.example.net/leases' }],
    ["the platform's protocol", { GATEWAY_GRPC_PORT: '1537', GATEWAY_API_SECRET: 'secret' }],
  ])('is started for %s alone', (_, one) => {
    expect(isWanted({ ...OFF, ...one })).toBe(true);
  });
});
