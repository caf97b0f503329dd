import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { ROOT } from '../support/pages.ts';

const FILES = ['docker-compose.vps-gateway.yml', 'docker-compose.etcd.yml'];

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly cap_add: readonly string[];
  readonly cap_drop: readonly string[];
  readonly network_mode: string;
  readonly read_only: boolean;
  readonly init: boolean;
}

describe.skipIf(findProgram('docker-compose') === undefined)(
  'the compose files, as docker-compose (Debian package docker-compose) reads them',
  () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'vps-gateway-compose-'));
      for (const file of FILES) copyFileSync(join(ROOT, file), join(folder, file));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    /** What comes of a file, with this .env beside it. */
    function services(file: string, environment: string): Readonly<Record<string, Service>> {
      writeFileSync(join(folder, '.env'), environment);
      const { stdout, stderr, status } = spawnSync('docker-compose', ['-f', file, 'config'], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      });
      if (status !== 0) throw new Error(stderr);
      return (parse(stdout) as { services: Record<string, Service> }).services;
    }

    test('the gateway gets every setting that .env has', () => {
      const set = SETTING_KEYS.map((key) => [SETTINGS[key].variable, `of ${key}`] as const);

      const { environment } = serviceIn(
        services('docker-compose.vps-gateway.yml', set.map(([name, value]) => `${name}=${value}\n`).join('')),
        'vps-gateway',
      );

      expect(environment).toEqual(Object.fromEntries(set));
    });

    test('the gateway is started read-only, with an init, on the network of the host, and with three capabilities', () => {
      expect(serviceIn(services('docker-compose.vps-gateway.yml', ''), 'vps-gateway')).toMatchObject({
        read_only: true,
        init: true,
        network_mode: 'host',
        cap_drop: ['ALL'],
        cap_add: ['NET_BIND_SERVICE', 'NET_RAW', 'NET_ADMIN'],
      });
    });

    test('a member of etcd gets what the example sets', () => {
      const example = readFileSync(join(ROOT, 'docs/examples/compose.env'), 'utf8');

      expect(serviceIn(services('docker-compose.etcd.yml', example), 'etcd').environment).toMatchObject({
        ETCD_NAME: 'node1',
        ETCD_LISTEN_CLIENT_URLS: 'https://192.0.2.11:2379',
      });
    });
  },
);

function serviceIn(services: Readonly<Record<string, Service>>, name: string): Service {
  const service = services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}
