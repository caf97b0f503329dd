import { z } from 'zod';
import { ARCHITECTURES, type NetworkBoot } from '../../../subnet/boot.ts';
import { optionFromText } from '../../../wire/option-text.ts';
import { nearestTo } from '../../nearest.ts';
import { address } from '../../network-kinds.ts';
import { type Issues, read, wrong } from './faults.ts';

const NAMES = Object.keys(ARCHITECTURES) as readonly (keyof typeof ARCHITECTURES)[];
/** RFC 2132 §9.5, in one option. */
const LONGEST_FILE = 255;

const FILE = z.string().refine((file) => /^[\x21-\x7e]+$/.test(file) && file.length <= LONGEST_FILE, {
  message: 'is no name of a file',
  params: {
    remedy: `write its path on the server, or its URL: 1 to ${LONGEST_FILE} letters, digits and signs`,
  },
});

const FILES = z
  .record(z.string(), FILE)
  .transform((given, issues): { files: ReadonlyMap<number, string>; ipxeFile: string | undefined } => {
    const files = new Map<number, string>();
    let ipxeFile: string | undefined;
    for (const [name, file] of Object.entries(given)) {
      if (name === 'ipxe') ipxeFile = file;
      else for (const architecture of architecturesOf(name, [name], issues)) files.set(architecture, file);
    }
    return { files, ipxeFile };
  });

/** What machines are told that boot over the network. */
export const PXE_SCHEMA = z
  .strictObject({
    next_server: z
      .string()
      .transform((text, issues) => read(address, text, issues))
      .describe('the TFTP server (siaddr, options 66 and 150)')
      .optional(),
    server_name: z
      .string()
      .refine((name) => /^[\x21-\x7e]{1,255}$/.test(name), {
        message: 'is no name of a server',
        params: { remedy: 'write a name or an address' },
      })
      .describe("option 66, if it is to be a name instead of the next server's address")
      .optional(),
    file: FILE.describe(
      'the boot file (field file and option 67) of machines that `files` does not name',
    ).optional(),
    files: FILES.describe(`boot files by architecture: ${NAMES.join(', ')}, a number, or ipxe`).optional(),
    vendor_options: z
      .string()
      .transform((text, issues) => {
        const bytes = optionFromText(43, text);
        const isShort = bytes !== undefined && bytes.length > 0 && bytes.length <= 255;
        return isShort ? bytes : wrong(issues, [], 'are no octets', 'write hexadecimal pairs: 06:01:08:ff');
      })
      .describe('option 43 of PXE clients, as hexadecimal pairs')
      .optional(),
  })
  .transform((given, issues): NetworkBoot => {
    const { files = new Map<number, string>(), ipxeFile } = given.files ?? {};
    const boot = {
      nextServer: given.next_server,
      serverName: given.server_name,
      file: given.file,
      files,
      ipxeFile,
      vendorOptions: given.vendor_options,
    };
    if (Object.values(given).every((value) => value === undefined))
      wrong(issues, [], 'says nothing', 'write next_server: and file:, or leave it out');
    return boot;
  })
  .describe('what machines are told that boot over the network: docs/options.md');

/** The codes of an architecture (RFC 4578 §2.1) by a name of ours, or by its number. */
export function architecturesOf(
  text: string,
  path: readonly (string | number)[],
  issues: Issues,
): readonly number[] {
  const name = text.toLowerCase().replaceAll('-', '_');
  const known = NAMES.find((each) => each === name);
  if (known !== undefined) return ARCHITECTURES[known];
  const code = /^\d{1,5}$/.test(name) ? Number(name) : Number.NaN;
  if (code <= 0xffff) return [code];
  const remedy = `did you mean ${nearestTo(name, NAMES) ?? NAMES.join(', ')}?`;
  wrong(issues, path, 'is no architecture', remedy);
  return [];
}
