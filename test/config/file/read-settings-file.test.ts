import { describe, expect, test } from 'vitest';
import { fileNameOf, KEYS_BY_FILE_NAME } from '../../../src/config/file/file-schema.ts';
import { readSettingsFile } from '../../../src/config/file/read-settings-file.ts';
import { loadSettings } from '../../../src/config/loading/load-settings.ts';
import { problemToText } from '../../../src/config/problem.ts';
import { SETTING_KEYS, SETTINGS } from '../../../src/config/settings.ts';

const PATH = '/etc/settings.yaml';

function load(text: string, environment = {}, flags = {}) {
  return loadSettings({ settingsFile: PATH, ...flags }, environment, () => ({ ok: true, value: text }));
}

function problemsOf(text: string): readonly string[] {
  const loaded = load(text);
  return loaded.ok ? [] : loaded.problems.map(problemToText);
}

describe('a settings file', () => {
  test('has every setting but those that say which file it is, by a name of its own', () => {
    const names = SETTING_KEYS.filter((key) => SETTINGS[key].group !== 'Settings file').map(fileNameOf);

    expect([...KEYS_BY_FILE_NAME.keys()]).toEqual(names);
    expect(new Set(names).size).toBe(names.length);
    for (const [name, key] of KEYS_BY_FILE_NAME)
      expect(name).toBe(SETTINGS[key].flag?.replaceAll('-', '_') ?? name);
    expect(names).toContain('api_secret');
    expect(names).toContain('etcd_password');
  });

  test('says the same as variables would, with lists, switches and numbers of YAML', () => {
    const file = load(
      [
        'lease_time: 3600',
        'lease_time_min: 10m',
        'dns: [9.9.9.9, 1.1.1.1]',
        'allow_macs:',
        '  - 52:54:00:12:34:56',
        '  - 52:54:00',
        'authoritative: false',
        'bootp: on',
        'mtu: 1400',
        'domain: example.net # the site',
      ].join('\n'),
    );
    const environment = loadSettings(
      {},
      {
        GATEWAY_DHCP_LEASE_TIME: '3600',
        GATEWAY_DHCP_LEASE_TIME_MIN: '10m',
        GATEWAY_DHCP_DNS: '9.9.9.9,1.1.1.1',
        GATEWAY_DHCP_ALLOW_MACS: '52:54:00:12:34:56,52:54:00',
        GATEWAY_DHCP_AUTHORITATIVE: 'off',
        GATEWAY_DHCP_BOOTP: 'on',
        GATEWAY_DHCP_MTU: '1400',
        GATEWAY_DHCP_DOMAIN: 'example.net',
      },
    );

    expect(file.ok).toBe(true);
    expect(file.settings).toEqual({ ...environment.settings, settingsFile: PATH });
  });

  test.each([
    [
      'lists in one another',
      `options: ${'['.repeat(5000)}${']'.repeat(5000)}`,
      '1:40',
      '32 lists or mappings in one another',
    ],
    [
      'lists in one another that do not end',
      `\noptions: ${'['.repeat(5000)}`,
      '2:40',
      '32 lists or mappings in one another',
    ],
    ['entries in one another', '- '.repeat(5000), '1:63', '32 lists or mappings in one another'],
    [
      'names',
      Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join('\n'),
      '1025:1',
      '1024 names in one mapping',
    ],
    ['values', `dns: [${'1,'.repeat(100_000)}]`, '1:8198', '4096 values in one list'],
    ['directives', '%FOO\n'.repeat(150_000), '17:1', '16 lines that begin with %'],
  ])('with too many %s is refused at that place, before it is too much to read', (_, text, place, most) => {
    expect(problemsOf(text)).toEqual([
      `GATEWAY_CONFIG: '${PATH}' (file ${PATH}:${place}): has more than ${most}; take some out; or name another file, if this is none of settings`,
    ]);
  });

  test('says numbers as they are written, where a text is meant', () => {
    const loaded = load(
      [
        'classes:',
        '  - {name: old, match: {circuit_id: 0x10, vendor_class: 1e3}, lease_time: 0100}',
        'reservations:',
        '  - {id: 007, client_id: 00112233, hostname: 1e3, address: 10.15.3.40}',
      ].join('\n'),
    );

    expect(loaded.ok && loaded.settings.policy?.reservations.map(({ entry }) => entry)).toMatchObject([
      { id: '007', hostname: '1e3' },
    ]);
  });

  test.each([
    ['UTF-16', '\ufffd\ufffdd\0n\0s\0:\0 \0o\0f\0f\0', '1:1'],
    ['Latin-1', 'dns: 1.1.1.1\ndomain: b\ufffdro.example\n', '2:9'],
  ])('that is no UTF-8 but %s is refused where that shows', (_, text, place) => {
    expect(problemsOf(text)[0]).toContain(`(file ${PATH}:${place}): is no text in UTF-8; `);
  });

  test('is beaten by a variable, which a flag beats, and beats the default; each value says where it stands', () => {
    const text = 'domain: of.file\nmtu: 1300\n\nlease_time: 2h\n';

    const loaded = load(
      text,
      { GATEWAY_DHCP_DOMAIN: 'of.environment', GATEWAY_DHCP_MTU: '1400' },
      { mtu: '1500' },
    );

    expect(loaded.settings).toMatchObject({ domain: 'of.environment', mtu: 1500, leaseTime: 7200 });
    expect(loaded.origins.leaseTime).toEqual({ source: 'file', name: `${PATH}:4:13`, text: '2h' });
    expect(loaded.origins.identity.source).toBe('default');
  });

  test.each(['', '# nothing\n', '---\n', 'dns:\nlease_time: ""\n'])(
    'that says nothing changes nothing: %j',
    (text) => {
      expect(load(text).settings).toEqual({ ...loadSettings({}, {}).settings, settingsFile: PATH });
    },
  );

  test('with faults has each named by line and column, all at once', () => {
    const text = [
      'lease_time: 12 hours',
      'pool_ende: 10.15.3.99',
      'mtu: [1400]',
      'dns:',
      '  - 9.9.9.9',
      '  - here: {}',
      'domain:',
      '  name: x',
      'api_secrets: hush-hush-hush',
    ].join('\n');

    const problems = problemsOf(text);

    expect(problems).toEqual([
      expect.stringMatching(
        /^pool_ende: '10\.15\.3\.99' \(file \S+:2:1\): no setting .* did you mean pool_end\?$/,
      ),
      expect.stringMatching(/^GATEWAY_DHCP_MTU: '\[1400\]' \(file \S+:3:6\): is not one value; /),
      expect.stringMatching(
        /^GATEWAY_DHCP_DNS: .*\(file \S+:6:5\): is neither one value nor a list of values; /,
      ),
      expect.stringMatching(/^GATEWAY_DHCP_DOMAIN: 'name: x' \(file \S+:8:3\): is not one value; /),
      expect.stringMatching(/^api_secrets: '\(set\)' \(file \S+:9:1\): .* did you mean api_secret\?$/),
      expect.stringMatching(/^GATEWAY_DHCP_LEASE_TIME: '12 hours' \(file \S+:1:13\): is not a duration/),
    ]);
  });

  test.each([
    ['a: 1\na: 2', '2:1', 'unique'],
    ['lease_time: 1h\nlease_time: 2h', '2:1', 'unique'],
    ['lease_time: "1h', '1:16', 'quote'],
    ['dns: [9.9.9.9', '1:14', ']'],
    ['lease_time: 1h\n\tmtu: 1400', '2:1', 'tab'],
    ['- lease_time', '1:1', 'names and values'],
    ['lease_time', '1:1', 'names and values'],
    ['dns: &a [9.9.9.9]\nntp: *a', '2:6', 'alias'],
    ['mtu: !include x', '1:6', 'tag'],
    ['mtu: 1400\n---\nmtu: 1500', '2:1', 'document'],
  ])('that is no YAML of settings is refused where it breaks: %j', (text, place, word) => {
    const problems = problemsOf(text);

    expect(problems.join('\n')).toContain(`(file ${PATH}:${place})`);
    expect(problems.join('\n').toLowerCase()).toContain(word);
  });

  test.each([
    ['GATEWAY_DHCP_NTP: 10.0.0.1', 'its name here is ntp'],
    ['pool-start: 10.15.3.20', 'its name here is pool_start'],
    ['no_wait: true', 'write wait: off'],
    ['no_authoritatve: true', 'did you mean authoritative?'],
    [
      'config_watch: on',
      'leave it out: a flag or a variable says which file is read, and whether it is watched',
    ],
  ])('with the name of a variable or flag is told the name here: %s', (line, remedy) => {
    expect(problemsOf(line)).toEqual([expect.stringContaining(remedy)]);
  });

  test.each([
    [
      'segments:\n  - name: a\n\tinterface: vnet1\n    pools: [10.15.3.20-10.15.3.99]\n  - name: b\n    interface: vnet2\n',
      /:3:1\): Tabs .*; indent by blanks, not by tabs; what follows/,
    ],
    ['options:\n  - log_servers: [10.15.3.2]\n  7: x\n  NIS Domain: y\n', /:3:\d+\): /],
    ['dns: [9.9.9.9\nlease_time: 12h\nmtu: 1400\n', /:2:1\): .*close what was opened/],
    ['domain: a: b\nlease_time: 12h\n', /:1:9\): .*quote a text that has ": " in it/],
  ])('whose form breaks is told the first place alone, for the rest follows from it: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });

  test('with names twice is told each of them, and its other faults', () => {
    const text = 'mtu: 1400\nmtu: 1500\nlease_time: 1h\nlease_time: 12 hours\nmtuu: 1\n';

    expect(problemsOf(text)).toHaveLength(4);
  });

  test('that is broken says what it can be read of all the same, so that other checks do not speak of defaults', () => {
    const loaded = load(
      'leases_dir: /data\ngateway: 10.99.7.1\npool_start: 10.99.7.20\npool_start: 10.99.7.30\n',
    );

    expect(loaded.ok).toBe(false);
    expect(loaded.settings).toMatchObject({ leasesDir: '/data' });
    expect(loaded.origins.gateway).toMatchObject({ source: 'file', text: '10.99.7.1' });
  });

  test('is said to be missing where it is to be watched', () => {
    const loaded = loadSettings({}, { GATEWAY_CONFIG_WATCH: 'on' });

    expect(loaded.warnings.map(problemToText)).toEqual([
      expect.stringContaining('there is no settings file to watch; set GATEWAY_CONFIG'),
    ]);
  });

  test('never shows a secret, neither in a fault nor as a value', () => {
    const { problems } = readSettingsFile(PATH, 'etcd_password: [hush-hush]\napi_secret: {a: hush-hush}\n');
    const loaded = load('api_secret: hush-hush-hush-hush\n');

    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('hush');
    expect(loaded.ok).toBe(true);
  });

  test('of another kind does not fill the screen', () => {
    const text = Array.from({ length: 1000 }, (_, index) => `nothing_${index}: 1`).join('\n');

    expect(readSettingsFile(PATH, text).problems).toHaveLength(20);
  });

  test('that cannot be read is a problem of the setting that names it', () => {
    const loaded = loadSettings({}, { GATEWAY_CONFIG: '/nowhere' }, () => ({
      ok: false,
      fault: 'there is no such file',
      remedy: 'name one',
    }));

    expect(loaded.ok).toBe(false);
    expect(loaded.ok ? [] : loaded.problems.map(problemToText)).toEqual([
      "GATEWAY_CONFIG: '/nowhere' (environment GATEWAY_CONFIG): there is no such file; name one",
    ]);
  });
});
