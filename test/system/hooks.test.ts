import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { apiJson, askApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { ROOT } from '../support/pages.ts';
import { type RawClient, selecting } from '../support/raw-client.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

interface Told {
  readonly missed: number | null;
  readonly signature?: string;
  readonly changes: readonly Readonly<Record<string, unknown>>[];
}

/** A lease for a guest that calls itself so. */
async function lease(client: RawClient, mac: string, name: string): Promise<HeardReply> {
  const wanted = selecting(await client.discover(mac));
  return await client.ask({ ...wanted, options: [...(wanted.options ?? []), [12, ...Buffer.from(name)]] });
}

/** Appends what it hears to a file, a line each. */
const WEBHOOK_SERVER = `
require('node:http').createServer((request, response) => {
  let body = '';
  request.on('data', (part) => (body += part)).on('end', () => {
    const signature = String(request.headers['webhook-signature']).split(',')[0];
    require('node:fs').appendFileSync(process.argv[1], JSON.stringify({ ...JSON.parse(body), signature }) + '\\n');
    response.end();
  });
}).listen(8099, '10.15.3.10');
`;

describeSystem('a hook', ['jq'], () => {
  const segment = useTestSegment();

  /** An executable file. */
  function program(...lines: readonly string[]): string {
    const file = join(segment().folder(), 'hook');
    writeFileSync(file, ['#!/bin/bash', ...lines, ''].join('\n'));
    chmodSync(file, 0o755);
    return file;
  }

  async function hooked(hook: string, more: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const settings = { GATEWAY_METRICS_PORT: 'off', GATEWAY_DHCP_HOOK: hook, ...more };
    return await segment().gateway(settings);
  }

  /** The documents that a hook has appended to a file. */
  function told(file: string): readonly Told[] {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told);
  }

  const failures = (gateway: GatewayProcess) =>
    gateway.log.filter(({ msg }) => msg === 'changes of leases were not taken');

  test('is told of a grant and of its end, in their order, with the name and the end of the lease', async () => {
    const file = join(segment().folder(), 'told');
    const gateway = await hooked(program(`cat >>${file}`));
    const client = segment().client();
    await eventually('the start was told', () => told(file).length > 0);

    const web = await lease(client, '52:54:00:4e:07:01', 'Web');
    await eventually('the grant was told', () => told(file).length > 1);
    client.release(web);
    const documents = await eventually('both were told', () => {
      const all = told(file);
      return all.flatMap(({ changes }) => changes).length >= 2 && all;
    });

    const [first, ...others] = documents;
    expect(first).toMatchObject({ missed: null, changes: [], node: expect.any(String) });
    const changes = others.flatMap((each) => each.changes);
    expect(others.map(({ missed }) => missed)).toEqual(others.map(() => 0));
    expect(changes.map(({ event }) => event)).toEqual(['granted', 'released']);
    for (const change of changes)
      expect(change).toMatchObject({ address: web.yiaddr, mac: '52:54:00:4e:07:01' });
    expect(changes[0]).toMatchObject({ name: 'web', names: ['web'], expires: expect.stringMatching(/^20/) });
    expect(changes[1]).toMatchObject({ name: null, names: [], expires: null });
    expect(failures(gateway)).toEqual([]);
  });

  test('gets neither the environment nor the open files of the gateway, and runs in a group of its own', async () => {
    const file = join(segment().folder(), 'seen');
    const secret = 'SecretOfTheApi';
    const hook = program(
      `exec >${file}.new; env; echo FILES; ls -l /proc/self/fd; echo GROUP; ps -o pgid=,pid= $$`,
      `mv ${file}.new ${file}`,
    );

    const gateway = await hooked(hook, { GATEWAY_API_SECRET: secret });
    await eventually('it has run', () => existsSync(file));

    const [environment = '', files = '', group = ''] = readFileSync(file, 'utf8').split(/FILES\n|GROUP\n/);
    expect(environment).toContain(`GATEWAY_DHCP_LEASES_DIR=${gateway.directory}`);
    expect(environment).not.toContain(secret);
    const names = environment.split('\n').map((line) => line.split('=', 1)[0]);
    expect(names.filter((name) => name?.startsWith('GATEWAY_'))).toEqual(['GATEWAY_DHCP_LEASES_DIR']);
    expect(files).not.toMatch(/leases|packet/);
    expect(files.match(/ \d+ -> socket:/g)).toHaveLength(2); // How Node connects 0 and 2; sockets for packets are others.
    const [pgid, pid] = group.trim().split(/\s+/);
    expect(pgid).toBe(pid);
  });

  test('that hangs is killed with all that it has started; guests are served meanwhile, and it is told what it has missed', async () => {
    const folder = segment().folder();
    const file = join(folder, 'told');
    const hook = program(
      `[ -e ${folder}/works ] && { cat >>${file}; exit; }`,
      `sleep 1000 & echo $! >>${folder}/children`,
      'echo about to hang >&2',
      'wait',
    );
    const gateway = await hooked(hook, { GATEWAY_DHCP_HOOK_TIMEOUT: '1s' });
    const client = segment().client();

    const { yiaddr } = await client.lease('52:54:00:4e:07:02');
    await eventually('it was killed three times', () => failures(gateway).length >= 2, 30_000);
    const problem = await eventually('health tells it', async () => {
      const { items } = await apiJson<{ items: { id: string; title: string }[] }>(
        gateway,
        '/api/v1/warnings',
      );
      return items.find(({ id }) => id.startsWith('hook'));
    });
    const metrics = (await askApi(gateway, '/metrics')).text;
    writeFileSync(join(folder, 'works'), '');
    const documents = await eventually('it was told', () => told(file).length > 0 && told(file), 30_000);

    expect(yiaddr).toMatch(/^10\.15\.3\./);
    expect(failures(gateway)[0]).toMatchObject({
      hook,
      cause: 'it took more than 1 seconds and was killed: about to hang',
    });
    expect(problem.title).toContain('it failed');
    expect(metrics).toMatch(/vps_gateway_hook_documents_total\{.*to="hook",outcome="timeout"\} [1-9]/);
    expect(documents[0]?.missed).toBeNull(); // Nobody knows what was before the start.
    const children = readFileSync(join(folder, 'children'), 'utf8').trim().split('\n');
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    await eventually('health is content', async () => {
      const { items } = await apiJson<{ items: { id: string }[] }>(gateway, '/api/v1/warnings');
      return !items.some(({ id }) => id.startsWith('hook'));
    });
  }, 120_000);

  test('that dies is told from then on how much it has missed; its status and its last line are in the log', async () => {
    const folder = segment().folder();
    const file = join(folder, 'told');
    const hook = program(
      'document=$(cat)',
      `if [ -e ${folder}/broken ]; then printf 'first\\n\\033[31mno such table\\n' >&2; exit 7; fi`,
      `echo "$document" >>${file}`,
    );
    const gateway = await hooked(hook);
    const client = segment().client();
    await eventually('the start was told', () => told(file).length === 1);
    writeFileSync(join(folder, 'broken'), '');

    await client.lease('52:54:00:4e:07:03');
    await eventually('it has failed', () => failures(gateway).length > 0);
    rmSync(join(folder, 'broken'));
    const after = await eventually('it was told', () => told(file)[1]);

    expect(failures(gateway)[0]).toMatchObject({ cause: 'it ended with status 7: ?[31mno such table' });
    expect(after).toMatchObject({ missed: 1, changes: [] });
  });

  test('that writes without end is cut off', async () => {
    const gateway = await hooked(program('yes "$(head -c 1000 /dev/zero | tr "\\0" x)" >&2'));

    await eventually('it has failed', () => failures(gateway).length > 0);

    expect(failures(gateway)[0]?.['cause']).toMatch(
      /^it (ended with status \d+|was ended by SIGPIPE): its output was cut after \d{5,6} octets: x{1,200}$/,
    );
  });

  test('that goes away is said, and found when it is there again', async () => {
    const file = join(segment().folder(), 'told');
    const hook = program(`cat >>${file}`);
    const gateway = await hooked(hook);
    await eventually('the start was told', () => told(file).length === 1);
    const text = readFileSync(hook);
    rmSync(hook);

    await segment().client().lease('52:54:00:4e:07:04');
    await eventually('it has failed', () => failures(gateway).length > 0);
    writeFileSync(hook, text, { mode: 0o755 });
    const after = await eventually('it was told', () => told(file)[1]);

    expect(failures(gateway)[0]?.['cause']).toMatch(/^it cannot be run: .*ENOENT/);
    expect(after).toMatchObject({ missed: 1, changes: [] });
  });

  test('that reads nothing, and one that leaves something running, disturb nobody', async () => {
    const folder = segment().folder();
    const gateway = await hooked(program(`sleep 1000 & echo $! >>${folder}/children`, 'exec 0<&-', 'exit 0'));

    await eventually('it has run', () => existsSync(join(folder, 'children')));
    const children = readFileSync(join(folder, 'children'), 'utf8').trim().split('\n');

    await eventually('nothing of it is left', () => children.every((pid) => !existsSync(`/proc/${pid}`)));
    expect(failures(gateway)).toEqual([]);
  });

  test('a webhook whose server comes later gets all that has happened, signed', async () => {
    const file = join(segment().folder(), 'told');
    const secret = join(segment().folder(), 'secret');
    writeFileSync(secret, 'whsec_AAECAwQF\n');
    await run(segment().node, ['ip', 'link', 'set', 'lo', 'up']);
    const gateway = await segment().gateway({
      GATEWAY_METRICS_PORT: 'off',
      GATEWAY_DHCP_WEBHOOK: 'http://10.15.3.10:8099/leases',
      GATEWAY_DHCP_WEBHOOK_SECRET_FILE: secret,
    });
    await eventually('it was refused', () => failures(gateway).length > 0);
    const { yiaddr } = await lease(segment().client(), '52:54:00:4e:07:08', 'web');
    const server = segment().node.spawn(process.execPath, ['-e', WEBHOOK_SERVER, file]);
    onTestFinished(() => void server.kill('SIGKILL'));

    const documents = await eventually(
      'it was told',
      () => {
        const all = told(file);
        return all.some(({ changes }) => changes.length > 0) && all;
      },
      60_000,
    );

    expect(failures(gateway)[0]).toMatchObject({ webhook: 'http://10.15.3.10:8099', cause: 'ECONNREFUSED' });
    expect(documents.map(({ missed }) => missed)).toEqual([null, 0]);
    expect(documents[1]?.changes).toMatchObject([{ event: 'granted', address: yiaddr, name: 'web' }]);
    expect(documents.map(({ signature }) => signature)).toEqual(['v1', 'v1']);
    expect(JSON.stringify(gateway.log)).not.toContain('AAECAwQF');
  });

  test('docs/examples/hosts-hook keeps a hosts file of all guests', async () => {
    const folder = segment().folder();
    writeFileSync(
      join(folder, 'vps-gateway'),
      `#!/bin/bash\nexec ${process.execPath} ${builtProgram()} "$@"\n`,
      { mode: 0o755 },
    );
    const example = readFileSync(join(ROOT, 'docs/examples/hosts-hook'), 'utf8');
    const hook = join(folder, 'hosts-hook');
    const text = example.replace('vps-gateway leases export', `${folder}/vps-gateway leases export`);
    writeFileSync(hook, text, { mode: 0o755 });
    const gateway = await hooked(hook, { GATEWAY_DHCP_HOOK_TIMEOUT: '30s' });
    const hosts = join(gateway.directory, 'hosts');
    const client = segment().client();
    await eventually('there is a file', () => existsSync(hosts));

    const one = await lease(client, '52:54:00:4e:07:05', 'web');
    const two = await lease(client, '52:54:00:4e:07:06', 'web');
    const odd = await lease(client, '52:54:00:4e:07:07', '$(touch /x)\n10.15.3.1 router');
    const end = two.yiaddr.split('.').slice(2).join('-');
    await eventually('both are there', () =>
      readFileSync(hosts, 'utf8').includes(`${two.yiaddr} web-${end}\n`),
    );
    const both = readFileSync(hosts, 'utf8');
    client.release(one);
    await eventually('one has gone', () => !readFileSync(hosts, 'utf8').includes(`${one.yiaddr} web`));
    const exported = await run(
      undefined,
      [
        process.execPath,
        builtProgram(),
        'leases',
        'export',
        '--domain',
        'off',
        '--leases-dir',
        gateway.directory,
      ],
      gatewayEnvironment(gateway.directory),
    );

    expect(both).toContain(`${one.yiaddr} web\n`);
    expect(both).not.toContain(odd.yiaddr);
    expect(readFileSync(hosts, 'utf8')).toBe(`${two.yiaddr} web-${end}\n`);
    expect(exported.output).toBe(`${two.yiaddr} web\n`); // It is the only one now; the file has that with its next grant.
    expect(failures(gateway)).toEqual([]);
  });
});
