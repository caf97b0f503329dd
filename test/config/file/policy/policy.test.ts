import { describe, expect, test } from 'vitest';
import { changedSettings } from '../../../../src/config/loading/changed-settings.ts';
import { sharedSettingTexts } from '../../../../src/config/shared-settings.ts';
import { loadFile, planOfFile, problemsOfFile } from '../../../support/policy.ts';

const AT = '/etc/settings.yaml';

function loaded(text: string) {
  const result = loadFile(text);
  if (!result.ok) throw new Error(problemsOfFile(text).join('\n'));
  return result;
}

describe('what a settings file says of guests', () => {
  test.each([
    ['options: {53: 1}', `options.53: '53' (file ${AT}:1:11): option 53 is made by the server itself`],
    ['options: {server_identifier: 1.1.1.1}', 'option 54 is made by the server itself'],
    ['options: {leaseTime: 1h}', 'option 51 has a setting of its own; write lease_time: in its place'],
    ['options: {50: 1.1.1.1}', 'option 50 is sent by clients only'],
    ['options: {90: "00"}', 'option 90 is of a protocol that this server does not speak'],
    ['options: {12: web}', 'name a guest by the hostname of its reservation'],
    ['options: {dns_servers: 1.1.1.1}', `(file ${AT}:1:11): is no option`],
    ['options: {log_server: x}', 'is not a value of option 7'],
    ['options: {log_serverz: 1.1.1.1}', 'did you mean log_servers?'],
    ['options: {0: 1}', 'is no option: neither a name nor a number from 1 to 254'],
    ['options: {255: 1}', 'is no option'],
    [
      'options:\n  7: 1.1.1\n',
      `options.7: '1.1.1' (file ${AT}:2:6): is not a value of option 7 (log_servers); write`,
    ],
    ['options:\n  7: {value: 1.1.1}\n', `options.7.value: '1.1.1' (file ${AT}:2:14): is not a value`],
    ['options:\n  7: {values: 1.1.1.1}\n', 'did you mean value?'],
    ['options:\n  7: {value: 1.1.1.1, always: maybe}\n', `(file ${AT}:2:31): is not true or false`],
    ['options:\n  7: 1.1.1.1\n  Log Server: 1.1.1.1\n', `(file ${AT}:3:3): option 7 is there twice`],
    ['options: {23: 256}', 'is not a value of option 23'],
    ['options: {2: 1.5}', `options.2: '1.5' (file ${AT}:1:14)`],
    ['options: [7]', 'is not names and values'],
    [
      'options: {224: hello}',
      'is not a value of option 224; write its type first: text:hello, ip:10.15.3.2, u8:1, or the octets: hex:0a0f',
    ],
    [`options: {17: ${'x'.repeat(256)}}`, 'is longer than 255 octets'],
    ['option: {7: 1.1.1.1}', 'did you mean options?'],
    ['classes: {}', `classes: '{}' (file ${AT}:1:10): is not a list`],
    ['classes:\n  - name: a\n', `classes[0].match: not set (file ${AT}:2:5): is missing`],
    [
      'classes:\n  - match: {mac: zz}\n    name: a\n',
      `classes[0].match.mac: 'zz' (file ${AT}:2:18): is neither`,
    ],
    [
      'classes:\n  - match: {mac: ["52:54:00", zz]}\n    name: a\n',
      `classes[0].match.mac[1]: 'zz' (file ${AT}:2:31)`,
    ],
    ['classes:\n  - match: {}\n    name: a\n', 'has no condition, and would be every client'],
    ['classes:\n  - match: {vendor_class: "*"}\n    name: a\n', 'is no text to compare with'],
    ['classes:\n  - match: {circuit_id: "hex:0"}\n    name: a\n', 'is no text to compare with'],
    ['classes:\n  - match: {architecture: uefi_x65}\n    name: a\n', 'did you mean uefi_x64?'],
    ['classes:\n  - match: {architecture: 65536}\n    name: a\n', 'is no architecture'],
    [
      'classes:\n  - match: {vendor: x}\n    name: a\n',
      `classes[0].match.vendor: 'vendor' (file ${AT}:2:13)`,
    ],
    ['classes:\n  - {name: a b, match: {mac: "52"}}\n', 'is no name of a class'],
    [
      'classes:\n  - {name: a, match: {mac: "52"}}\n  - {name: a, match: {mac: "52"}}\n',
      `(file ${AT}:3:12): is the name of two classes`,
    ],
    ['classes:\n  - {name: a, match: {mac: "52"}, answer: no}\n', 'write never or always'],
    [
      'classes:\n  - {name: a, match: {mac: "52"}, lease_time: 5s}\n',
      `classes[0].lease_time: '5s' (file ${AT}:2:47): is too short`,
    ],
    ['classes:\n  - {name: a, match: {mac: "52"}, options: {51: 1h}}\n', 'write lease_time: in its place'],
    [
      'classes:\n  - {name: a, match: {mac: "52"}, options: {6: x}}\n',
      `classes[0].options.6: 'x' (file ${AT}:2:48)`,
    ],
    [
      'classes:\n  - {name: a, match: {mac: "52"}, renewal_time: 90%}\n',
      `classes[0].renewal_time: '90%' (file ${AT}:2:49): does not fit`,
    ],
    [
      'classes:\n  - {name: a, match: {mac: "52"}, lease_time: 1h, rebinding_time: 1h}\n',
      `classes[0].rebinding_time: '1h'`,
    ],
    ['classes:\n  - {name: a, match: {mac: "52"}, renewal_time: soon}\n', 'is no time of a lease'],
    [
      'pxe: {file: ipxe.efi}',
      `pxe: '{file: ipxe.efi}' (file ${AT}:1:6): names a file, and no server that has it`,
    ],
    ['pxe: {next_server: here, file: x}', `pxe.next_server: 'here' (file ${AT}:1:20)`],
    ['pxe: {next_server: 10.15.3.2, files: {uefi_x65: x}}', 'did you mean uefi_x64?'],
    ['pxe: {next_server: 10.15.3.2, file: a b}', 'is no name of a file'],
    ['pxe: {next_server: 10.15.3.2, vendor_options: 0x}', 'write hexadecimal pairs'],
    ['pxe: {}', 'says nothing'],
    ['renewal_time: 90%', `GATEWAY_DHCP_RENEWAL_TIME: '90%' (file ${AT}:1:15): T1 (renewal), T2`],
    ['rebinding_time: 12h', 'GATEWAY_DHCP_REBINDING_TIME'],
    ['renewal_time: half', 'write a part of the lease, 50% or 0.5'],
  ])('is refused with line and column where it is wrong: %j', (text, problem) => {
    expect(problemsOfFile(text)).toContainEqual(expect.stringContaining(problem));
  });

  test('all that is wrong is named at once', () => {
    const problems = problemsOfFile(
      'options: {53: 1, 7: x}\npxe: {next_server: x, file: y}\nclasses: [5, 6]\nfoo: 1\n',
    );

    expect(problems).toHaveLength(6);
  });

  test('a value of another shape hides none of the others beside it', () => {
    const options = '{245: 1.5, 23: 256, 0: hex:00, 7: {valu: x}, 11: x}';
    const problems = problemsOfFile(
      `options: ${options}\nclasses:\n  - {name: a, match: {mac: "52"}, options: {2: 1.5, 7: x}}\n`,
    );

    expect(problems.map((text) => /^(options|classes)\S*(?=:)/.exec(text)?.[0])).toEqual(
      expect.arrayContaining([
        ...['options.245', 'options.7.valu', 'options.23', 'options.0', 'options.11'],
        ...['classes[0].options.2', 'classes[0].options.7'],
      ]),
    );
  });

  test('an option is written by its name, by the name in the registry, or by its number', () => {
    const plans = [
      'log_servers: 10.15.3.2',
      'logServers: [10.15.3.2]',
      'Log Server: 10.15.3.2',
      '7: ip:10.15.3.2',
      '7: hex:0a0f0302',
    ];

    for (const written of plans)
      expect(planOfFile(`options: {${written}}`).subnet.parameters.get(7)?.value).toEqual(
        Uint8Array.of(10, 15, 3, 2),
      );
  });

  test('values have the types of YAML', () => {
    const { parameters } = planOfFile(
      [
        'options:',
        '  ip_forwarding: true',
        '  time_offset: -3600',
        '  default_ip_time_to_live: 64',
        '  path_mtu_plateau_table: [576, 1500]',
        '  static_routes: [10.1.0.0 10.15.3.5]',
        '  bcmcs_domains: [vps.local, example.net]',
        '  root_path: /srv',
        '  224: text:hello',
      ].join('\n'),
    ).subnet;

    const values = [19, 2, 23, 25, 33, 88, 17, 224].map((code) =>
      Buffer.from(parameters.get(code)?.value as Uint8Array).toString('hex'),
    );
    expect(values).toEqual([
      '01',
      'fffff1f0',
      '40',
      '024005dc',
      '0a0100000a0f0305',
      '03767073056c6f63616c00076578616d706c65036e657400',
      '2f737276',
      '68656c6c6f',
    ]);
  });

  test('a change of it is named as it stands in the file, and none is seen where the same is written otherwise', () => {
    const before = loaded('options: {log_servers: 10.15.3.2}\npxe: {next_server: 10.15.3.2, file: x}\n');
    const same = loaded('pxe: {file: x, next_server: 10.15.3.2}\noptions: {Log Server: 10.15.3.2}\n');
    const after = loaded('options: {log_servers: 10.15.3.3}\nclasses: [{name: a, match: {mac: "52"}}]\n');

    expect(changedSettings(before, same)).toEqual([]);
    expect(changedSettings(before, after)).toEqual([
      { setting: 'classes.a', from: null, to: '{"match":{"mac":"52"}}' },
      { setting: 'options.log_servers', from: '10.15.3.2', to: '10.15.3.3' },
      { setting: 'pxe.file', from: 'x', to: null },
      { setting: 'pxe.next_server', from: '10.15.3.2', to: null },
    ]);
  });

  test('gateways that share their leases tell each other a digest of it, which is equal where the files say the same', () => {
    const textsOf = (text: string) => sharedSettingTexts(loaded(text).settings).shouldBeEqual;
    const one = textsOf('options: {7: 10.15.3.2, 9: 10.15.3.2}');

    expect(textsOf('')).toMatchObject({
      options: 'none',
      classes: 'none',
      pxe: 'none',
      reservations: 'none',
    });
    expect(one['options']).toMatch(/^2 set \(digest [0-9a-f]{12}\)$/);
    expect(textsOf('options: {lpr_servers: 10.15.3.2, log_servers: 10.15.3.2}')['options']).toBe(
      one['options'],
    );
    expect(textsOf('options: {7: 10.15.3.2, 9: 10.15.3.3}')['options']).not.toBe(one['options']);
  });
});
