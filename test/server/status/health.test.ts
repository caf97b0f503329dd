import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askClock, askHealth, HEALTH_SOCKET, HealthEndpoint } from '../../../src/server/status/health.ts';
import { ServerNode } from '../../support/server-node.ts';

describe('the health socket', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'health-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('answers with the status, also where an earlier process has left its socket', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    writeFileSync(path, '');
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();

    const status = await askHealth(path, 2000);

    expect(status).toEqual(node.server.status);
    await endpoint.close();
    expect(existsSync(path)).toBe(false);
    await expect(askHealth(path, 2000)).rejects.toThrow();
  });

  test('that cannot be made ends nothing: it is said, and made when what is in the way has gone', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    mkdirSync(join(path, 'in-the-way'), { recursive: true });
    const endpoint = new HealthEndpoint(path, node.server, node.log);

    await endpoint.open();
    rmSync(path, { recursive: true });

    expect(node.log.at('warn')).toContain('health cannot be asked');
    await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(true);
    expect(await askHealth(path, 2000)).toEqual(node.server.status);
    await endpoint.close();
  });

  test('answers whoever says nothing with the status, and what is no request with that', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();
    const answerTo = async (request: string) => {
      const socket = createConnection(path);
      socket.end(request);
      return JSON.parse(Buffer.concat(await socket.toArray()).toString());
    };

    const answers = [await answerTo(''), await answerTo('status'), await answerTo('clock trust me\n')];

    expect(answers).toEqual([node.server.status, node.server.status, { unknown: 'clock trust me' }]);
    await endpoint.close();
  });

  test('is the owner’s alone', async () => {
    const node = new ServerNode();
    const path = join(directory, HEALTH_SOCKET);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    const before = process.umask();
    await endpoint.open();

    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(process.umask()).toBe(before);
    await endpoint.close();
  });

  test('takes the operator’s word on the time, which is in the store at once', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();
    node.clock.jump(86_400_000);

    const before = await askClock(path, 'clock', 2000);
    const after = await askClock(path, 'clock trust', 2000, {
      author: 'cli:grace',
      note: 'set by hand: now',
    });

    expect(before).toMatchObject({ trusted: false, jump: { cause: 'jumped', seconds: 86_400 } });
    expect(before?.endsInSeconds).toBe(86_400);
    expect(after).toMatchObject({ trusted: true, endsInSeconds: null, jump: { explainedBy: 'operator' } });
    expect(node.server.status.status).toBe('serving');
    expect(node.store?.clockNote?.jump?.explainedBy).toBe('operator');
    expect(node.log.lines.at(-1)?.fields).toMatchObject({
      order: 'clock trust',
      author: 'cli:grace',
      note: 'set by hand: now',
    });
    await endpoint.close();
  });

  test('that is closed does not wait for whoever is connected', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();
    const hanging = createConnection({ path, allowHalfOpen: true });
    await once(hanging, 'readable');

    await endpoint.close();

    expect(existsSync(path)).toBe(false);
    hanging.destroy();
  });

  test('has a bounded number of connections, whoever holds them open, and answers again when one is gone', async () => {
    const node = new ServerNode();
    await node.server.start();
    const path = join(directory, HEALTH_SOCKET);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();
    const hanging = Array.from({ length: 64 }, () => createConnection({ path, allowHalfOpen: true }));
    await Promise.all(hanging.map((each) => once(each, 'readable')));

    await expect(askHealth(path, 2000)).rejects.toThrow();
    const [first] = hanging.splice(0, 1);
    first?.destroy();
    const asked = async () => askHealth(path, 2000).catch(() => undefined);
    let status = await asked();
    while (status === undefined) status = await asked();

    expect(status).toEqual(node.server.status);
    for (const each of hanging) each.destroy();
    await endpoint.close();
  });

  test('that comes in drops and never ends is waited for no longer than one that does not come', async () => {
    const path = join(directory, HEALTH_SOCKET);
    const dripping = createServer((socket) => {
      const drops = setInterval(() => socket.write(' '), 20);
      socket.on('error', () => socket.destroy()).on('close', () => clearInterval(drops));
    });
    await new Promise<void>((resolve) => dripping.listen(path, resolve));

    await expect(askHealth(path, 100)).rejects.toThrow('no answer');

    await new Promise((resolve) => dripping.close(resolve));
  });

  test('that says more than any status has is not read to its end', async () => {
    const path = join(directory, HEALTH_SOCKET);
    const talker = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const talk = (): void => {
        while (!socket.destroyed && socket.write(' '.repeat(65_536)));
      };
      socket.on('drain', talk);
      talk();
    });
    await new Promise<void>((resolve) => talker.listen(path, resolve));

    await expect(askHealth(path, 20_000)).rejects.toThrow('too long an answer');
    talker.close();
  });

  test('whose socket or directory is gone, or put back from a copy, is there again within a second', async () => {
    const node = new ServerNode();
    await node.server.start();
    const folder = join(directory, 'leases');
    const path = join(folder, HEALTH_SOCKET);
    mkdirSync(folder);
    const endpoint = new HealthEndpoint(path, node.server, node.log);
    await endpoint.open();
    const untilAsked = async () => {
      for (;;) {
        const status = await askHealth(path, 2000).catch(() => undefined);
        if (status !== undefined) return status;
      }
    };

    rmSync(path);
    const afterDeletion = await untilAsked();
    renameSync(folder, `${folder}.old`);
    mkdirSync(folder);
    const afterRenaming = await untilAsked();
    rmSync(path);
    writeFileSync(path, 'a copy');
    const afterReplacement = await untilAsked();

    for (const status of [afterDeletion, afterRenaming, afterReplacement])
      expect(status).toEqual(node.server.status);
    await endpoint.close();
    expect(existsSync(path)).toBe(false);
  });

  test('that cannot be opened is a warning, not the end', async () => {
    const node = new ServerNode();
    const endpoint = new HealthEndpoint(join(directory, 'missing', HEALTH_SOCKET), node.server, node.log);

    await endpoint.open();
    await endpoint.close();

    expect(node.log.at('warn')).toEqual(['health cannot be asked']);
  });
});
