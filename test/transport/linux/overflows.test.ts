import { describe, expect, it } from 'vitest';
import { fullBuffersIn, Overflows } from '../../../src/transport/linux/overflows.ts';

/** Statistics of a network where full buffers have been counted before. */
function statistics(before = 1000) {
  const network = { full: before as number | undefined, reads: 0 };
  const overflows = new Overflows(() => ({
    count: () => {
      network.reads += 1;
      return network.full;
    },
    close: () => {},
  }));
  network.reads = 0;
  return { network, overflows };
}

describe('datagrams lost for want of room', () => {
  it('are none while no buffer was full, however many the socket has rejected', () => {
    const { overflows } = statistics();

    overflows.add(50_000);

    expect(overflows.lost).toBe(0);
  });

  it('are those that both the socket and the network have counted', () => {
    const { network, overflows } = statistics();

    overflows.add(95);
    network.full = 1095;

    expect(overflows.lost).toBe(95);
  });

  it('are found behind what was rejected before, and behind what other sockets have lost', () => {
    const { network, overflows } = statistics();
    overflows.add(1000);
    const rejected = overflows.lost;
    overflows.add(10);
    network.full = 1010;
    const first = overflows.lost;
    network.full = 9000;
    overflows.add(10);

    expect([rejected, first]).toEqual([0, 10]);
    expect(overflows.lost).toBeGreaterThan(first);
  });

  it('are not looked for while the socket has dropped nothing more', () => {
    const { network, overflows } = statistics();
    overflows.add(5);

    const looks = [overflows.lost, overflows.lost, overflows.lost];

    expect(looks).toEqual([0, 0, 0]);
    expect(network.reads).toBe(1);
  });

  it('are all that the socket has dropped, where the statistics cannot be read', () => {
    const blind = new Overflows(() => undefined);
    blind.add(3);
    const { network, overflows } = statistics();
    network.full = undefined;
    overflows.add(4);

    expect([blind.lost, overflows.lost]).toEqual([3, 4]);
  });
});

describe('the statistics of UDP', () => {
  it('are read by the names of their columns', () => {
    const text = [
      'Ip: Forwarding DefaultTTL',
      'Ip: 1 64',
      'Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors',
      'Udp: 1108 0 388 1603 380 0 5 0 3',
      'UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors',
      'UdpLite: 0 0 0 0 7 0 0 0 0',
    ].join('\n');

    expect(fullBuffersIn(text)).toBe(383);
    expect(fullBuffersIn(text.replaceAll(' MemErrors', ''))).toBe(380);
  });

  it.each(['', 'Udp: InDatagrams\nUdp: 5', 'Udp: RcvbufErrors', 'Tcp: RcvbufErrors\nTcp: 5'])(
    'say nothing where they name nothing of it: %j',
    (text) => {
      expect(fullBuffersIn(text)).toBeUndefined();
    },
  );
});
