import { expect, test } from 'vitest';
import { hardwareToText } from '../../src/net/hardware-address.ts';
import { pluggedLog } from '../../src/reporting/plugged-log.ts';
import { LogLines } from '../support/log-lines.ts';

const ADA = '52:54:00:00:00:01';
const BEN = '52:54:00:00:00:02';

test('a warning says where the machines that it names are plugged in, and other lines are as they were', () => {
  const lines = new LogLines();
  const places = new Map([
    [ADA, 'VM 104, tap104i0'],
    [BEN, 'container 105, veth105i0'],
  ]);
  const log = pluggedLog(lines, (card) => places.get(hardwareToText(card)));

  log.warn(
    { hardware: ADA, other: BEN, client: '0152540000000a', reason: 'offered-to-clone' },
    'two machines',
  );
  log.warn({ hardware: '52:54:00:00:00:03', client: ADA }, 'a server');
  log.warn({ hardware: undefined, count: 3 }, 'nobody');
  log.info({ hardware: ADA }, 'answered');
  log.error({ hardware: ADA }, 'broken');

  expect(lines.lines.map(({ fields }) => fields)).toEqual([
    {
      ...{ hardware: ADA, other: BEN, client: '0152540000000a', reason: 'offered-to-clone' },
      ...{ port: 'VM 104, tap104i0', otherPort: 'container 105, veth105i0' },
    },
    { hardware: '52:54:00:00:00:03', client: ADA, clientPort: 'VM 104, tap104i0' },
    { hardware: undefined, count: 3 },
    { hardware: ADA },
    { hardware: ADA },
  ]);
});
