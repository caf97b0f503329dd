import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_STATUS } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess } from '../support/gateway-process.ts';
import { messageType, text, u16 } from '../support/packet.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const FILE = [
  'lease_time: 1h',
  'renewal_time: 25%',
  'options:',
  '  log_servers: [10.15.3.2]',
  '  224: text:hello',
  '  225: {value: hex:0a0b, always: true}',
  'classes:',
  '  - {name: busybox, match: {vendor_class: udhcp*}, options: {224: text:busybox}}',
  '  - {name: refused, match: {mac: "52:54:00:66"}, answer: never}',
  'pxe:',
  '  next_server: 10.15.3.2',
  '  files: {uefi_x64: ipxe.efi, ipxe: "http://10.15.3.2/boot.ipxe"}',
  'reservations:',
  '  - {id: web1, mac: "52:54:00:4e:20:01", address: 10.15.3.57, options: {224: text:web1}}',
].join('\n');

/** It says what it was told; dhclient, which would go on, it ends. */
const SCRIPT =
  '#!/bin/sh\ncase "$1$reason" in bound|BOUND|REBOOT) env > "$0.env"; [ -z "$reason" ] || kill $PPID;; esac\nexit 0\n';
const DHCLIENT = 'option hello code 224 = text;\noption odd code 225 = string;\nalso request hello;\n';

describeSystem(
  'a settings file with options, classes, network boot and reservations',
  ['dhclient', 'udhcpc'],
  () => {
    const segment = useTestSegment();

    const started = async (content = FILE) => {
      const file = join(segment().folder(), 'settings.yaml');
      writeFileSync(file, content);
      return { file, gateway: await segment().gateway({ GATEWAY_CONFIG: file }) };
    };
    const command = (gateway: GatewayProcess, ...words: readonly string[]) =>
      run(segment().node, [process.execPath, builtProgram(), ...words, '--leases-dir', gateway.directory]);
    const hasApi = (gateway: GatewayProcess) =>
      eventually('its API answers', async () => (await command(gateway, 'settings')).status === 0);
    /** What a client hands to its script, by the names of its variables. */
    const told = async (client: (script: string, folder: string) => readonly string[]) => {
      const folder = segment().folder();
      const script = join(folder, 'script');
      writeFileSync(script, SCRIPT, { mode: 0o755 });
      const ran = await run(segment().guest, client(script, folder));
      expect(existsSync(`${script}.env`), ran.errors).toBe(true);
      const lines = readFileSync(`${script}.env`, 'utf8').split('\n');
      return new Map(lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
    };

    test('gives udhcpc what it asks for by number, its class, and what is sent always', async () => {
      await started();

      const variables = await told((script) => [
        'udhcpc',
        '-f',
        '-q',
        '-n',
        '-i',
        'eth0',
        '-O',
        '224',
        '-O',
        '7',
        '-s',
        script,
      ]);

      expect(variables.get('opt224')).toBe(Buffer.from('busybox').toString('hex'));
      expect(variables.get('opt225')).toBe('0a0b');
      expect(variables.get('opt7')).toBe('0a0f0302');
      expect(Number(variables.get('lease'))).toBe(3600);
    });

    test('gives dhclient what it asks for by number, and T1 as the file has it', async () => {
      await started();

      const variables = await told((script, folder) => {
        const configuration = join(folder, 'dhclient.conf');
        writeFileSync(configuration, DHCLIENT);
        return [
          ...['dhclient', '-1', '-d', '-sf', script, '-cf', configuration, '-lf', join(folder, 'leases')],
          ...['-pf', join(folder, 'pid'), 'eth0'],
        ];
      });

      expect(variables.get('new_hello')).toBe('hello');
      expect(variables.get('new_odd')).toBe('a:b');
      const renewal = Number(variables.get('new_dhcp_renewal_time'));
      expect(renewal).toBeGreaterThanOrEqual(810);
      expect(renewal).toBeLessThanOrEqual(900);
    });

    test('tells UEFI and then iPXE what to load, keeps an address for a guest, and does not answer a class that it refuses', async () => {
      const { gateway } = await started();
      const client = segment().client();
      const options = [
        [55, 1, 3, 43, 60, 66, 67],
        [93, ...u16(7)],
        [60, ...text('PXEClient:Arch:00007:UNDI:003016')],
      ] as const;
      const fileIn = (payload: Uint8Array) =>
        Buffer.from(payload.subarray(108, 236)).toString('latin1').replace(/\0.*$/s, '');

      const uefi = await client.ask({
        chaddr: '52:54:00:4e:20:02',
        options: [messageType('DHCPDISCOVER'), ...options],
      });
      const ipxe = await client.ask({
        chaddr: '52:54:00:4e:20:02',
        options: [messageType('DHCPDISCOVER'), ...options, [77, ...text('iPXE')]],
      });
      const web = await client.discover('52:54:00:4e:20:01', [55, 224]);
      const xid = client.send({ chaddr: '52:54:00:66:00:01', options: [messageType('DHCPDISCOVER')] });
      await client.discover('52:54:00:4e:20:03');

      expect([uefi.siaddr, fileIn(uefi.payload)]).toEqual(['10.15.3.2', 'ipxe.efi']);
      expect(Buffer.from(uefi.options.get(60) ?? []).toString()).toBe('PXEClient');
      expect(fileIn(ipxe.payload)).toBe('http://10.15.3.2/boot.ipxe');
      expect(web.yiaddr).toBe('10.15.3.57');
      expect(Buffer.from(web.options.get(224) ?? []).toString()).toBe('web1');
      expect([...(web.options.get(225) ?? [])]).toEqual([10, 11]);
      expect(client.heardFor(xid)).toEqual([]);
      await hasApi(gateway);
      const health = JSON.parse((await command(gateway, 'health', '--json')).output);
      expect(JSON.stringify(health)).toContain('refused-by-class');
    });

    test('is reloaded as a whole: the difference is shown before, one wrong line changes nothing, and the API refuses what stands in the file', async () => {
      const { file, gateway } = await started();
      await hasApi(gateway);
      const client = segment().client();

      writeFileSync(
        file,
        FILE.replace('10.15.3.57', '10.15.3.58')
          .replace('text:hello', 'text:changed')
          .replace('10.15.3.2]', '10.15.3.999]'),
      );
      const faulty = await command(gateway, 'reload');
      const before = await client.discover('52:54:00:4e:20:01');
      writeFileSync(file, FILE.replace('10.15.3.57', '10.15.3.58').replace('text:hello', 'text:changed'));
      const trial = await command(gateway, 'reload', '--dry-run');
      const done = await command(gateway, 'reload');
      const after = await client.discover('52:54:00:4e:20:01');
      const removed = await command(gateway, 'reservations', 'remove', 'web1');
      const shown = await command(gateway, 'settings', '--json');

      expect(faulty.status).toBe(EXIT_STATUS.refused);
      expect(faulty.errors).toContain(`(file ${file}:4:16): is not a value of option 7`);
      expect(before.yiaddr).toBe('10.15.3.57');
      expect(trial.output).toMatch(/^options\.224 +text:hello +text:changed$/m);
      expect(trial.output).toContain('reservations.web1');
      expect(done.status).toBe(0);
      expect(after.yiaddr).toBe('10.15.3.58');
      expect(removed.status).toBe(EXIT_STATUS.refused);
      expect(removed.errors).toContain(`is of ${file}:14:5`);
      expect(JSON.parse(shown.output)).toContainEqual({
        setting: 'options.224',
        value: 'text:changed',
        from: `file ${file}:5:3`,
      });
    });
  },
);
