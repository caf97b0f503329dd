import { afterEach, describe, expect, test } from 'vitest';
import { PacketSocket } from '../../src/cli/lab/guests/packet-socket.ts';
import { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { type Joining, joiningOfKernel, NodeNetwork } from '../../src/cli/lab/nodes/node-network.ts';
import type { SegmentNode } from '../../src/cli/lab/nodes/segment-node.ts';
import { DEVICE } from '../../src/cli/lab/segment.ts';
import { eventually } from '../support/eventually.ts';
import { describeSystem } from '../support/system.ts';

/** IEEE 802: for experiments; nothing else on the segment sends it. */
const EXPERIMENT = 0x88b5;
/** Longer than a frame takes between two nodes: milliseconds. */
const WATCH = 1000;

/** A machine that says something to all, and hears what others say. */
interface Speaker {
  readonly heard: string[];
  say(word: string): void;
}

describeSystem('the network of a lab’s nodes', [], () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function speakerAt(node: SegmentNode, port: string): Promise<Speaker> {
    const host = await NamespaceHost.open(port);
    closers.push(() => host.close());
    node.plugIn(host, DEVICE, port);
    const heard: string[] = [];
    const hear = (frame: Buffer) => void heard.push(frame.subarray(14).toString().replace(/\0+$/, ''));
    const socket = new PacketSocket(host, DEVICE, EXPERIMENT, hear);
    closers.push(() => socket.close());
    const header = Buffer.from('ffffffffffff02000000000188b5', 'hex');
    return { heard, say: (word) => socket.send(Buffer.concat([header, Buffer.from(word.padEnd(46, '\0'))])) };
  }

  async function hears(speaker: Speaker, listener: Speaker, word: string): Promise<boolean> {
    return eventually(
      `${word} was heard`,
      () => {
        speaker.say(word);
        return listener.heard.includes(word);
      },
      WATCH,
    ).catch(() => false);
  }

  const kinds: readonly Joining[] = joiningOfKernel() === 'vxlan' ? ['vxlan', 'veth'] : ['veth'];

  describe.each(kinds)('joined by %s', (joining) => {
    test('a guest is heard on the other nodes, except while its own is cut off', async () => {
      const network = await NodeNetwork.open([10, 11, 12], joining);
      closers.push(() => network.close());
      const [first, second] = network.nodes;
      if (first === undefined || second === undefined) throw new Error('no nodes');
      const here = await speakerAt(first, 'veth101i0');
      const there = await speakerAt(second, 'veth102i0');

      expect(await hears(here, there, 'before')).toBe(true);
      network.cut(first);
      expect(await hears(here, there, 'meanwhile')).toBe(false);
      network.mend(first);
      await eventually('it is heard again', () => hears(here, there, 'afterwards'));
    });

    test('a guest whose port moves to another node is a guest of that node', async () => {
      const network = await NodeNetwork.open([10, 11], joining);
      closers.push(() => network.close());
      const [first, second] = network.nodes;
      if (first === undefined || second === undefined) throw new Error('no nodes');
      const moving = await speakerAt(first, 'veth101i0');
      const there = await speakerAt(second, 'veth102i0');

      second.takeOver('veth101i0', first);
      network.cut(second);

      expect(await hears(moving, there, 'on the same node')).toBe(true);
    });
  });
});
