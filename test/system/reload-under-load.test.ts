import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { HeardReply } from '../support/heard-reply.ts';
import { hardwareOf, WIDE_SETTINGS } from '../support/load.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const GUESTS = 200;
/** Exchanges are begun so many at a time, and so often: 2,000 a second. */
const [AT_ONCE, EVERY] = [10, 5];
const EXCHANGES = 8000;
const RELOADS = 8;
const ACK = 5;

const settingsOf = (number: number) => `dns: [10.15.3.${100 + number}]\nlease_time: ${2 + number}h\n`;

describeSystem('a settings file that is reloaded while 2,000 guests a second are answered', [], () => {
  const segment = useTestSegment(16);

  test('loses no message: each gets its DHCPACK, with the address that it has', async () => {
    const file = join(segment().folder(), 'settings.yaml');
    writeFileSync(file, settingsOf(0));
    const gateway = await segment().gateway({ ...WIDE_SETTINGS, GATEWAY_CONFIG: file });
    const client = segment().client();
    const leases: HeardReply[] = [];
    for (let number = 0; number < GUESTS; number += 1) leases.push(await client.lease(hardwareOf(number)));

    const answers: Promise<readonly [HeardReply, HeardReply] | undefined>[] = [];
    const begin = Date.now();
    let reloads = 0;
    while (answers.length < EXCHANGES) {
      const due = Math.min(EXCHANGES, AT_ONCE * Math.floor((Date.now() - begin) / EVERY));
      while (answers.length < due) {
        const lease = leases[answers.length % GUESTS] ?? expect.fail('no lease');
        const answer = client.reboot(lease.chaddr, lease.yiaddr).then((reply) => [lease, reply] as const);
        answers.push(answer.catch(() => undefined));
      }
      if (answers.length > (reloads * EXCHANGES) / RELOADS) {
        reloads += 1;
        writeFileSync(file, settingsOf(reloads));
        gateway.signal('SIGHUP');
      }
      await delay(1);
    }
    const heard = await Promise.all(answers);

    const isRight = ([lease, reply]: readonly [HeardReply, HeardReply]) =>
      reply.type === ACK && reply.yiaddr === lease.yiaddr;
    expect(heard.filter((each) => each !== undefined && isRight(each))).toHaveLength(EXCHANGES);
    await gateway.until('the log says that it was reloaded each time', () => {
      const said = gateway.log.filter(({ msg }) => msg === 'the settings are reloaded');
      return said.length > 1 && JSON.stringify(said.at(-1)).includes(`10.15.3.${100 + RELOADS}`);
    });
    expect((await client.lease(hardwareOf(GUESTS))).options.get(6)?.at(-1)).toBe(100 + RELOADS);
  });
});
