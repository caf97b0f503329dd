/**
 * Goes on as soon as the gateway's sockets have room: nothing is to be dropped unread.
 *
 * @param table /proc/net/udp of the gateway's network.
 */
export async function untilRead(table: () => string): Promise<void> {
  while (queuedBytes(table()) > 1024 * 1024) await new Promise((resolve) => setImmediate(resolve));
}

/** Datagrams for the sockets on port 67 that the kernel has dropped. */
export function droppedByKernel(table: string): number {
  return rows(table).reduce((sum, row) => sum + Number(row.at(-1)), 0);
}

/** rx_queue of the sockets on port 67. */
function queuedBytes(table: string): number {
  return rows(table).reduce((sum, row) => sum + Number.parseInt(row[4]?.split(':')[1] ?? '0', 16), 0);
}

function rows(table: string): readonly (readonly string[])[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row[1]?.endsWith(':0043') === true);
}
