import { hardwareFromText } from '../../../src/net/hardware-address.ts';
import { ipv4FromText } from '../../../src/net/ipv4.ts';
import { loadLibc } from '../../../src/transport/linux/libc.ts';
import { Exchanges } from './exchanges.ts';
import { DirectPort, RelayPort } from './ports.ts';
import type { Workload } from './workload.ts';

/** Runs one workload, given as JSON in the first argument, in this network namespace; writes the result as JSON. */
const work = JSON.parse(process.argv[2] ?? '') as Workload;
const libc = loadLibc();
const server = ipv4FromText(work.server.address) ?? 0;
const port =
  work.from === 'relayed'
    ? new RelayPort(libc, ipv4FromText(work.client.address) ?? 0, server)
    : new DirectPort(libc, work.client.device, server, hardwareFromText(work.server.hardware) ?? 0);

console.log(JSON.stringify(new Exchanges(port, work).run()));
process.exit(0);
