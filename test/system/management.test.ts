import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { API_SOCKET } from '../../src/management/listen/socket-file.ts';
import { apiJson, askApi } from '../support/api.ts';
import { certify, sign } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import { type Ran, run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:00:01';
const SECRET = 'correct-horse-battery';

describeSystem('the management plane of a gateway that serves', ['curl'], () => {
  const segment = useTestSegment();

  const managed = async (settings: Readonly<Record<string, string>> = {}, directory = segment().folder()) => {
    segment().node.ip('link set lo up');
    const gateway = await segment().gateway(settings, directory);
    await gateway.untilManaged();
    return gateway;
  };
  /** By TCP, from the node itself: the status and the body. */
  const curl = async (
    path: string,
    ...words: readonly string[]
  ): Promise<{ status: number; body: string }> => {
    const command = [
      'curl',
      '-s',
      '-m',
      '10',
      '-w',
      '\n%{http_code}',
      ...words,
      `http://127.0.0.1:9091${path}`,
    ];
    const { output } = await run(segment().node, command);
    const at = output.lastIndexOf('\n');
    return { status: Number(output.slice(at + 1)), body: output.slice(0, at) };
  };
  /** A program that sends a request, ends its side as `nc -N` does, and prints what comes. */
  const askAndEnd = async (place: string, path: string): Promise<string> => {
    const script = `require('node:net').connect({ ...${place}, allowHalfOpen: true }).on('error', (error) => console.log(error.message)).end('GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n').pipe(process.stdout)`;
    const { output, errors } = await run(segment().node, [process.execPath, '-e', script]);
    return output + errors;
  };
  const served = (gateway: GatewayProcess) =>
    gateway.until('its port was open', () =>
      gateway.log.some(({ msg }) => msg === 'metrics and API are served'),
    );

  test('a caller that ends its side after its request is answered, at the socket and at the port', async () => {
    const gateway = await managed();
    await served(gateway);
    const path = JSON.stringify(join(gateway.directory, API_SOCKET));

    for (const place of [`{ path: ${path} }`, `{ host: '127.0.0.1', port: 9091 }`]) {
      const told = await askAndEnd(place, '/api/v1/info');

      expect(told).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"verdict":"served"/);
    }
  });

  test('says on /readyz whether a new guest would get an address, and on /healthz that it lives', async () => {
    const gateway = await managed({
      GATEWAY_DHCP_POOL_START: '10.15.3.20',
      GATEWAY_DHCP_POOL_END: '10.15.3.20',
    });
    const before = await apiJson(gateway, '/readyz');

    await segment().client().lease(A);

    expect(before).toEqual({ ok: true, verdict: 'served', problems: [] });
    await eventually('the pool is full', async () => (await askApi(gateway, '/readyz')).status === 503);
    expect(await apiJson(gateway, '/readyz', { status: 503 })).toMatchObject({
      ok: false,
      verdict: 'pool-full',
      problems: [{ id: 'pool-full', remedy: expect.stringContaining('GATEWAY_DHCP_POOL_END') }],
    });
    expect(await apiJson(gateway, '/healthz')).toMatchObject({ ok: true });
  });

  test('has a thread of its own, which the thread that serves guests goes before', async () => {
    const gateway = await managed();
    const tasks = `/proc/${gateway.pid}/task`;
    const niceOf = (task: string) =>
      Number(
        readFileSync(`${tasks}/${task}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ')[16],
      );

    const nice = new Map(readdirSync(tasks).map((task) => [task, niceOf(task)]));

    expect(nice.get(String(gateway.pid))).toBe(0);
    expect([...nice.values()].filter((value) => value === 10)).not.toEqual([]);
  });

  test('has its socket for its own user alone, and takes it away with itself', async () => {
    const gateway = await managed();
    const path = join(gateway.directory, API_SOCKET);

    expect(statSync(path).mode & 0o777).toBe(0o600);
    rmSync(path);
    await eventually('it is made again', () => existsSync(path));
    expect((await askApi(gateway, '/healthz')).status).toBe(200);
    expect(await gateway.end()).toBe(0);
    expect(readdirSync(gateway.directory).filter((name) => name.includes('api'))).toEqual([]);
  });

  test('serves guests while its port is taken, says so, and opens it when it is free', async () => {
    segment().node.ip('link set lo up');
    const taken = segment().node.spawn('python3', ['-m', 'http.server', '9091', '--bind', '127.0.0.1'], {
      stdio: 'ignore',
    });
    await eventually('the port is taken', async () => (await curl('/')).status === 200);

    const gateway = await managed();
    await gateway.until('it said so', () => gateway.log.some(({ cause }) => cause === 'EADDRINUSE'));
    const { yiaddr } = await segment().client().lease(A);
    taken.kill();

    expect(yiaddr).toMatch(/^10\.15\.3\./);
    await served(gateway);
    expect((await curl('/healthz')).status).toBe(200);
  });

  test('with GATEWAY_API_SOCKET=off has no socket, and a command that wants it says how to have one', async () => {
    segment().node.ip('link set lo up');
    const gateway = await segment().gateway({ GATEWAY_API_SOCKET: 'off' });
    await served(gateway);
    const { yiaddr } = await segment().client().lease(A);
    const command = [
      process.execPath,
      builtProgram(),
      'leases',
      'release',
      yiaddr,
      '--leases-dir',
      gateway.directory,
    ];

    const ordered = await run(segment().node, command);

    expect((await curl('/healthz')).status).toBe(200);
    expect(existsSync(join(gateway.directory, API_SOCKET))).toBe(false);
    expect(ordered.status).toBe(69);
    expect(ordered.errors).toContain('set GATEWAY_API_SOCKET to on');
  });

  test('with port and socket off does not run at all, and guests are served', async () => {
    const gateway = await segment().gateway({ GATEWAY_API_SOCKET: 'off', GATEWAY_METRICS_PORT: 'off' });
    const { yiaddr } = await segment().client().lease(A);

    const nice = readdirSync(`/proc/${gateway.pid}/task`).map(
      (task) =>
        readFileSync(`/proc/${gateway.pid}/task/${task}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ')[16],
    );

    expect(yiaddr).toMatch(/^10\.15\.3\./);
    expect(nice).not.toContain('10');
    expect(await gateway.end()).toBe(0);
  });

  test('with GATEWAY_METRICS_PORT=off opens no port, and keeps its socket', async () => {
    const gateway = await managed({ GATEWAY_METRICS_PORT: 'off' });

    expect((await curl('/healthz')).status).toBe(0);
    expect((await askApi(gateway, '/healthz')).status).toBe(200);
  });

  test('shows its secret neither in its log, nor to a process list, nor in an answer', async () => {
    const file = join(segment().folder(), 'secrets');
    writeFileSync(file, `# for the platform\nplatform:write:${SECRET}\nboard:read:${SECRET}-2\n`);
    const gateway = await managed({ GATEWAY_API_SECRET_FILE: file, LOG_LEVEL: 'trace' });
    await served(gateway);

    const wrong = await curl('/api/v1/info', '-H', `authorization: Bearer ${SECRET}x`);
    const health = await run(
      segment().node,
      [process.execPath, builtProgram(), 'health', '--json', '--leases-dir', gateway.directory],
      gatewayEnvironment(gateway.directory),
    );
    const processes = spawnSync('ps', ['-o', 'args=', '-p', String(gateway.pid)], {
      encoding: 'utf8',
    }).stdout;

    expect(wrong.status).toBe(401);
    for (const text of [
      wrong.body,
      health.output,
      processes,
      JSON.stringify(gateway.log),
      gateway.words.join(),
    ])
      expect(text).not.toContain(SECRET);
  });

  test.each([
    [{ GATEWAY_API_LISTEN: '0.0.0.0' }, /GATEWAY_API_LISTEN.*no secret is set/],
    [{ GATEWAY_API_SECRET_FILE: '/nowhere' }, /GATEWAY_API_SECRET_FILE \/nowhere: cannot be read \(ENOENT\)/],
    [{ GATEWAY_API_SECRET: 'a b' }, /GATEWAY_API_SECRET: '\(set\)'.*cannot be sent in a header/],
    [{ GATEWAY_API_LISTEN: 'localhost' }, /GATEWAY_API_LISTEN.*is not an address/],
    [{ GATEWAY_METRICS_PORT: '0' }, /GATEWAY_METRICS_PORT.*is not a port/],
    [{ GATEWAY_API_CERT: '/nowhere' }, /GATEWAY_API_CERT: '\/nowhere'.*has no private key/],
    [{ GATEWAY_API_KEY: '/nowhere' }, /GATEWAY_API_KEY: '\/nowhere'.*has no certificate/],
    [
      { GATEWAY_API_CERT: '/nowhere', GATEWAY_API_KEY: '/etc/passwd' },
      /GATEWAY_API_CERT: '\/nowhere' \(environment GATEWAY_API_CERT\): cannot be read.*GATEWAY_API_KEY: '\/etc\/passwd'.*holds no private key/,
    ],
    [{ GATEWAY_API_HOSTS: 'http://gw' }, /GATEWAY_API_HOSTS.*is not the name of a host/],
  ])('does not start with %o, and says why', async (settings, why) => {
    const ran: Ran = await run(
      segment().node,
      [process.execPath, builtProgram(), 'serve'],
      gatewayEnvironment(segment().folder(), settings),
    );

    expect(ran.status).toBe(78);
    expect(ran.errors).toMatch(why);
  });

  test('reads the secrets that systemd hands to the user of DynamicUser; a file of root alone is refused with what to do', async () => {
    const user = 61_234;
    const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-credentials-'));
    // systemd.exec(5), LoadCredential: a directory and files that only the service's user may read.
    const credentials = join(folder, 'credentials');
    mkdirSync(credentials, { mode: 0o500 });
    const [handed, ofRoot] = [join(credentials, 'api-secret'), join(folder, 'api-secret')];
    for (const file of [handed, ofRoot]) writeFileSync(file, `platform:write:${SECRET}\n`, { mode: 0o400 });
    const leases = join(folder, 'leases');
    mkdirSync(leases);
    for (const path of [credentials, handed, leases]) chownSync(path, user, user);
    chmodSync(folder, 0o755);
    const served = (file: string) =>
      run(
        segment().node,
        [
          'setpriv',
          `--reuid=${user}`,
          `--regid=${user}`,
          '--clear-groups',
          process.execPath,
          builtProgram(),
          'serve',
        ],
        gatewayEnvironment(leases, { GATEWAY_API_SECRET_FILE: file, GATEWAY_METRICS_PORT: 'off' }),
      );

    const [allowed, refused] = [await served(handed), await served(ofRoot)];
    rmSync(folder, { recursive: true });

    expect(allowed.status).toBe(69); // It has no capability here: it has come beyond its settings.
    expect(allowed.errors).not.toContain('GATEWAY_API_SECRET_FILE');
    expect(refused.status).toBe(78);
    expect(refused.errors).toMatch(/GATEWAY_API_SECRET_FILE .*cannot be read \(EACCES\).*LoadCredential/);
  });

  test.skipIf(findProgram('promtool') === undefined)(
    `has metrics that promtool accepts${findProgram('promtool') === undefined ? ' [not here: apt-get install prometheus]' : ''}`,
    async () => {
      const gateway = await managed();
      await segment().client().lease(A);

      const { text, headers } = await askApi(gateway, '/metrics');
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });

      expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(`${checked.stdout}${checked.stderr}`).toBe('');
      expect(checked.status).toBe(0);
      const segmentLabel = '{segment="10.15.3.0/24"';
      expect(text).toContain(`vps_gateway_dhcp_pool_size${segmentLabel}} 235\n`);
      expect(text).toContain(`vps_gateway_dhcp_pool_available${segmentLabel}} 234\n`);
      expect(text).toContain(`vps_gateway_dhcp_allocations_active${segmentLabel},organization_id=""} 1\n`);
      expect(text).toContain(`vps_gateway_dhcp_allocations_total${segmentLabel},organization_id=""} 1\n`);
      expect(text).toContain(`vps_gateway_dhcp_server_status${segmentLabel}} 1\n`);
      expect(text).toContain(`vps_gateway_messages_total${segmentLabel},type="DHCPREQUEST"} 1\n`);
      expect(text).toContain(`vps_gateway_decisions_total${segmentLabel},reason="bound"} 1\n`);
      expect(text).toContain(`vps_gateway_reply_seconds_count${segmentLabel}} 2\n`);
      expect(text).toContain(`vps_gateway_batch_size_sum${segmentLabel}} 1\n`);
    },
  );

  test('has metrics of its questions, of its journal, and of the organizations that reservations name', async () => {
    const gateway = await managed({ GATEWAY_DHCP_ARP_PROBE: '300ms' });
    await apiJson(gateway, '/api/v1/reservations/vps-1', {
      method: 'PUT',
      body: { mac: [A], organization_id: 'acme "1"' },
      status: 201,
    });
    await segment().client().lease(A);
    await segment().client().lease('52:54:00:4e:00:02');

    const told = (name: string) => async () => (await askApi(gateway, '/metrics')).text.includes(name);

    const label = '{segment="10.15.3.0/24",organization_id=';
    await eventually(
      'the lease is in the file',
      told(`vps_gateway_dhcp_allocations_active${label}"acme \\"1\\""} 1\n`),
    );
    const { text } = await askApi(gateway, '/metrics');
    for (const line of [
      `vps_gateway_dhcp_allocations_active${label}""} 1\n`,
      `vps_gateway_dhcp_allocations_total${label}""} 1\n`,
      `vps_gateway_dhcp_allocations_total${label}"acme \\"1\\""} 1\n`,
      `vps_gateway_dhcp_releases_total${label}""} 0\n`,
    ])
      expect(text).toContain(line);
    const valueIn = (name: string) =>
      Number(new RegExp(`^vps_gateway_${name}\\{segment="10.15.3.0/24"\\} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(valueIn('arp_questions_total')).toBeGreaterThan(0);
    expect(valueIn('quiet_addresses')).toBeGreaterThanOrEqual(0);
    expect(valueIn('journal_fill_ratio')).toBeGreaterThanOrEqual(0);
    expect(valueIn('journal_fill_ratio')).toBeLessThan(0.1);
    expect(text).not.toContain('vps_gateway_mirror_age_seconds');
  });

  test('is served by TLS with the certificate that is set, and with a new one as soon as its file has it', async () => {
    const folder = segment().folder();
    certify(folder);
    const files = { cert: join(folder, 'own.pem'), key: join(folder, 'own.key') };
    const gateway = await managed({ GATEWAY_API_CERT: files.cert, GATEWAY_API_KEY: files.key });
    await served(gateway);
    const secure = async () => {
      const command = ['curl', '-sv', '-m', '10', '--cacert', join(folder, 'ca.pem')];
      const { output, errors } = await run(segment().node, [...command, 'https://127.0.0.1:9091/readyz']);
      return { output, expires: /expire date: (.*)/.exec(errors)?.[1] };
    };

    const before = await secure();
    sign(folder, 'own', { end: Date.now() + 40 * 86_400_000 });

    expect(JSON.parse(before.output)).toMatchObject({ ok: true });
    expect((await curl('/readyz')).status).not.toBe(200);
    expect((await askApi(gateway, '/readyz')).status).toBe(200);
    await eventually('the new one is shown', async () => (await secure()).expires !== before.expires, 30_000);
    const { text } = await askApi(gateway, '/metrics');
    const left = new RegExp(`certificate_expiry_seconds\\{.*file="${files.cert}"\\} (\\S+)`).exec(text)?.[1];
    expect(Number(left) / 86_400).toBeGreaterThan(39);

    writeFileSync(files.cert, 'no certificate');
    await eventually(
      'it is a warning',
      async () => (await askApi(gateway, '/api/v1/warnings')).text.includes('api-certificate'),
      60_000,
    );
    expect(JSON.parse((await secure()).output)).toMatchObject({ ok: true });
    const health = await eventually('health has it too', async () => {
      const words = [process.execPath, builtProgram(), 'health', '--leases-dir', gateway.directory];
      const ran = await run(segment().node, words, gatewayEnvironment(gateway.directory));
      return ran.output.includes('warning: GATEWAY_API_CERT') && ran;
    });
    expect(health.status).toBe(0);
    expect(health.output).toMatch(/^warning: GATEWAY_API_CERT '.*own\.pem' .*\n {2}to mend it: /m);
  }, 120_000);
});
