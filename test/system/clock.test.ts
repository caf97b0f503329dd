import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { FakeTime } from '../support/fake-time.ts';
import { builtProgram, type GatewayProcess, gatewayEnvironment } from '../support/gateway-process.ts';
import type { HeardReply } from '../support/heard-reply.ts';
import { messageType } from '../support/packet.ts';
import { type RawClient, unicastTo } from '../support/raw-client.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:c1:00:01';
const B = '52:54:00:c1:00:02';
const C = '52:54:00:c1:00:03';
const YEAR_1970 = new Date(10_000);
const YEAR_2098 = new Date(Date.UTC(2098, 0));
const DAYS_AGO = () => new Date(Date.now() - 3 * 86_400_000);
const POOL_OF_TWO = { GATEWAY_DHCP_POOL_START: '10.15.3.20', GATEWAY_DHCP_POOL_END: '10.15.3.21' };
const POOL_OF_ONE = { GATEWAY_DHCP_POOL_START: '10.15.3.20', GATEWAY_DHCP_POOL_END: '10.15.3.20' };

/** What the operator's command prints and ends with. */
function clock(directory: string, ...args: readonly string[]): Said {
  return commandOf(directory, 'clock', ...args);
}

interface Said {
  readonly status: number | null;
  readonly said: string;
}

function commandOf(directory: string, ...words: readonly string[]): Said {
  const command = [builtProgram(), ...words, '--leases-dir', directory];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    env: gatewayEnvironment(directory),
  });
  return { status, said: `${stdout}${stderr}` };
}

function says(gateway: GatewayProcess, message: string): boolean {
  return gateway.log.some(({ msg }) => msg === message);
}

/** RENEWING: RFC 2131 §4.3.2. */
function renew(client: RawClient, ack: HeardReply): Promise<HeardReply> {
  const options = [messageType('DHCPREQUEST')];
  return client.ask({ chaddr: ack.chaddr, ciaddr: ack.yiaddr, options }, unicastTo(ack, ack.yiaddr));
}

describeSystem('a clock that is wrong', ['faketime'], () => {
  const segment = useTestSegment();

  /** Why a new guest gets no address; it is silent to ARP, as is everybody. */
  async function refusalOf(gateway: GatewayProcess, client: RawClient, chaddr: string): Promise<unknown> {
    return gateway.reasonFor(client.send({ chaddr, options: [messageType('DHCPDISCOVER')] }));
  }

  test('a boot at 1970: leases from then go to nobody else, over a jump, a restart and the operator’s word', async () => {
    const directory = segment().folder();
    const time = new FakeTime(segment().folder());
    time.is(YEAR_1970);
    const first = await segment().gateway(POOL_OF_TWO, directory, time.under);
    const client = segment().client();
    const acks = [await client.lease(A), await client.lease(B)];
    const early = clock(directory, 'trust');
    time.isRight();
    await first.until('it saw the jump', () => says(first, 'the clock has jumped'));
    const refusals = [await refusalOf(first, client, C)];
    await first.end();

    const second = await segment().gateway(POOL_OF_TWO, directory, time.under);
    refusals.push(await refusalOf(second, client, C));
    const renewed = await renew(client, acks[0] as HeardReply);
    const doubt = clock(directory);
    const health = commandOf(directory, 'health');
    const trust = clock(directory, 'trust');
    refusals.push(await refusalOf(second, client, C));
    await second.end();

    const third = await segment().gateway(POOL_OF_TWO, directory, time.under);
    refusals.push(await refusalOf(third, client, C));
    const rebooted = await client.reboot(B, acks[1]?.yiaddr ?? '');

    expect(early).toMatchObject({ status: 1, said: expect.stringContaining('before this program was made') });
    expect(refusals).toEqual(['pool-full', 'pool-full', 'pool-full', 'pool-full']);
    expect(renewed).toMatchObject({ type: 5, yiaddr: acks[0]?.yiaddr });
    expect(doubt).toMatchObject({
      status: 1,
      said: expect.stringMatching(/^in doubt: .*\ncause: it jumped by 5\d/),
    });
    expect(health.status).toBe(1);
    expect(health.said).toMatch(/^problem: the clock is in doubt: it jumped by .*\n {2}to mend it: /m);
    expect(trust).toMatchObject({ status: 0, said: expect.stringMatching(/^trusted: /) });
    expect(says(third, 'the clock is still in doubt')).toBe(false);
    expect(rebooted).toMatchObject({ type: 5, yiaddr: acks[1]?.yiaddr });
  });

  test.each([
    ['at 1970', () => YEAR_1970],
    ['three days behind', DAYS_AGO],
  ])('a first life %s, and the time set between two lives: the lease is not given on', async (_, when) => {
    const directory = segment().folder();
    const time = new FakeTime(segment().folder());
    time.is(when());
    const first = await segment().gateway(POOL_OF_ONE, directory, time.under);
    const client = segment().client();
    const ack = await client.lease(A);
    await first.end('SIGKILL');
    time.isRight();

    const second = await segment().gateway(POOL_OF_ONE, directory, time.under);
    const refusal = await refusalOf(second, client, B);
    const renewed = await renew(client, ack);

    expect(refusal).toBe('pool-full');
    expect(renewed).toMatchObject({ type: 5, yiaddr: ack.yiaddr });
    expect(clock(directory).status).toBe(1);
  });

  test('one life in 2098: the operator’s word ends the doubt for good, and the lease can be ended', async () => {
    const directory = segment().folder();
    const time = new FakeTime(segment().folder());
    time.is(YEAR_2098);
    const future = await segment().gateway(POOL_OF_ONE, directory, time.under);
    const client = segment().client();
    const ack = await client.lease(A);
    await future.end();
    time.isRight();

    const first = await segment().gateway(POOL_OF_ONE, directory, time.under);
    const doubt = clock(directory);
    const trust = clock(directory, 'trust', '--json');
    await first.end('SIGKILL');
    const second = await segment().gateway(POOL_OF_ONE, directory, time.under);
    const later = clock(directory);
    const refusal = await refusalOf(second, client, B);
    await second.reasonFor(client.release(ack));
    const next = await client.lease(B);

    expect(doubt.status).toBe(1);
    expect(JSON.parse(trust.said)).toMatchObject({ trusted: true, jump: { explained_by: 'operator' } });
    expect([later.status, refusal]).toEqual([0, 'pool-full']);
    expect(next.yiaddr).toBe(ack.yiaddr);
  });

  test('SIGHUP reloads the settings, and ends no doubt of the clock', async () => {
    const directory = segment().folder();
    const time = new FakeTime(segment().folder());
    const gateway = await segment().gateway({}, directory, time.under);
    await gateway.until('it answers', () => clock(directory).status === 0);
    time.is(new Date(Date.now() + 86_400_000));
    await gateway.until('it saw the jump', () => says(gateway, 'the clock has jumped'));

    gateway.signal('SIGHUP');

    await gateway.until('it said so', () => says(gateway, 'the settings are as before'));
    expect(clock(directory).status).toBe(1);
  });
});

test('without a gateway the command says so', () => {
  const { status, said } = clock('/nowhere');

  expect(status).toBe(1);
  expect(said).toContain('no gateway answers at /nowhere/health.sock');
});
