import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../../src/lease/system-clock.ts';
import { GrpcEtcd } from '../../../../src/store/etcd/client/grpc-etcd.ts';
import { FakeClock } from '../../../support/clock.ts';
import { EtcdProcesses, hasEtcd } from '../../../support/etcd-process.ts';
import { eventually } from '../../../support/eventually.ts';
import { Relay } from '../../../support/relay.ts';

const why = hasEtcd() ? '' : ' [not here: etcd missing: apt-get install etcd-server]';
const describeEtcd = why === '' ? describe : describe.skip;

describeEtcd(`a member that is silent${why}`, () => {
  let cluster: EtcdProcesses;
  let relay: Relay;
  let clock: FakeClock;
  let etcd: GrpcEtcd;

  beforeAll(async () => {
    cluster = await EtcdProcesses.start();
    const direct = new GrpcEtcd({ endpoints: cluster.endpoints, clock: systemClock });
    await cluster.until(() => direct.range('a', 'b'));
    direct.close();
  }, 30_000);
  afterAll(() => cluster.close());
  beforeEach(async () => {
    relay = await Relay.to(cluster.endpoints[0] ?? '');
    clock = new FakeClock();
    etcd = new GrpcEtcd({ endpoints: [relay.endpoint], clock });
    const opened = [etcd, relay];
    onTestFinished(async () => {
      for (const each of opened) await each.close();
    });
  });

  test('on a connection that was half lost is given up after 2 s, and the next call has a new one', async () => {
    await etcd.range('a', 'b');
    relay.freeze();

    const call = etcd.range('a', 'b');
    call.catch(() => undefined);
    await clock.pass(1000);
    await expect(call).rejects.toThrow('no answer in time');
    await clock.pass(1000);

    await eventually('the connection is given up', () => relay.ended === 1);
    expect((await etcd.range('a', 'b')).found).toEqual([]);
    expect(relay.begun).toBe(2);
  });

  test('though it takes connections is given up after 2 s', async () => {
    relay.isSilent = true;

    const call = etcd.range('a', 'b');
    call.catch(() => undefined);
    await eventually('it is connected to', () => relay.begun === 1);
    await clock.pass(1000);
    await expect(call).rejects.toThrow('no answer in time');
    await clock.pass(1000);

    await eventually('the connection is given up', () => relay.ended === 1);
    relay.isSilent = false;
    await clock.pass(1000);
    expect((await etcd.range('a', 'b')).found).toEqual([]);
  });

  test('while it is watched is noticed within 3 s, though nobody asks it anything else', async () => {
    const ends: string[] = [];
    const signs: unknown[] = [];
    etcd.watch('watched/', 1, {
      events: (events) => signs.push(events),
      ended: (reason) => ends.push(reason),
    });
    await cluster.until(async () => {
      await clock.pass(1000);
      expect(signs).not.toEqual([]);
    });
    relay.freeze();

    await clock.pass(3000);

    expect(ends).toEqual(['lost']);
    await eventually('the connection is given up', () => relay.ended === 1);
  });

  test('but answers a ping, as one without a majority does, is let be: its calls fail, and its connection stays', async () => {
    const pair = await EtcdProcesses.start({ members: 2 });
    onTestFinished(() => pair.close());
    const [endpoint = ''] = pair.endpoints;
    const way = await Relay.to(endpoint);
    onTestFinished(() => way.close());
    const client = new GrpcEtcd({ endpoints: [way.endpoint], clock });
    onTestFinished(() => client.close());
    await pair.leader();
    await client.range('a', 'b');
    await pair.kill(1);

    const call = client.range('a', 'b');
    call.catch(() => undefined);
    await clock.pass(1000);
    await expect(call).rejects.toThrow('no answer in time');
    await client.status(); // Behind the ping, on the same connection.
    await clock.pass(1000);
    pair.revive(1);

    await pair.until(() => client.range('a', 'b'));
    expect(way.begun).toBe(1);
  }, 60_000);
});
