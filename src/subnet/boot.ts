import type { Ipv4 } from '../net/ipv4.ts';

/** What machines are told that boot over the network. */
export interface NetworkBoot {
  /** RFC 2131 §2: siaddr, and options 66 and 150 where they are not set otherwise. */
  readonly nextServer: Ipv4 | undefined;
  /** RFC 2132 §9.4: option 66, instead of the next server's address. */
  readonly serverName: string | undefined;
  /** The file of a machine whose architecture has none of its own. */
  readonly file: string | undefined;
  /** By the architecture (RFC 4578 §2.1). */
  readonly files: ReadonlyMap<number, string>;
  /** The file of iPXE, whichever architecture it runs on. */
  readonly ipxeFile: string | undefined;
  /** RFC 2132 §8.4: option 43, to PXE clients. */
  readonly vendorOptions: Uint8Array | undefined;
}

/**
 * The architectures of IANA's registry "Processor Architecture Types" (RFC 5970 §3.3), by names of ours. RFC 4578 §2.1 and its
 * erratum have 7 and 9 the other way round, and there is firmware for x64 of both kinds: one name stands for both.
 */
export const ARCHITECTURES = {
  bios: [0],
  uefi_x86: [6],
  uefi_x64: [7, 9],
  uefi_arm32: [10],
  uefi_arm64: [11],
  http_x86: [15],
  http_x64: [16],
  http_arm32: [18],
  http_arm64: [19],
  http_bios: [20],
  uefi_riscv64: [27],
  http_riscv64: [28],
} as const satisfies Readonly<Record<string, readonly number[]>>;

/** What one segment or class says, before what was said less precisely. */
export function mergedBoot(
  own: NetworkBoot | undefined,
  others: NetworkBoot | undefined,
): NetworkBoot | undefined {
  if (own === undefined || others === undefined) return own ?? others;
  return {
    nextServer: own.nextServer ?? others.nextServer,
    serverName: own.serverName ?? others.serverName,
    file: own.file ?? others.file,
    files: new Map([...others.files, ...own.files]),
    ipxeFile: own.ipxeFile ?? others.ipxeFile,
    vendorOptions: own.vendorOptions ?? others.vendorOptions,
  };
}
