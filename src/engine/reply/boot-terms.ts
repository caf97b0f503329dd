import { ipv4ToText } from '../../net/ipv4.ts';
import type { NetworkBoot } from '../../subnet/boot.ts';
import { isText, isUserClass } from '../../subnet/client-class.ts';
import type { OctetPattern } from '../../subnet/octet-pattern.ts';
import type { Subnet } from '../../subnet/subnet.ts';
import { FILE_BYTES } from '../../wire/layout.ts';
import type { Message } from '../../wire/message.ts';
import { OPTIONS } from '../../wire/options.ts';
import type { OptionBlock } from '../../wire/reply.ts';

const VENDOR_OPTIONS = 43;
const VENDOR_CLASS = 60;
const SERVER_NAME = 66;
const BOOT_FILE = 67;
const USER_CLASS = 77;
const ARCHITECTURE = 93;
const TFTP_SERVERS = 150;
/** Options of iPXE's own, which it sends in every message: https://ipxe.org/howto/dhcpd. */
const IPXE_OPTIONS = 175;

const PXE_CLIENT = pattern('PXEClient', true);
const HTTP_CLIENT = pattern('HTTPClient', true);
const IPXE = pattern('iPXE', false);

/** What a machine shows that boots over the network. */
type BootKind = 'PXEClient' | 'HTTPClient' | 'other';
const KINDS: readonly BootKind[] = ['PXEClient', 'HTTPClient', 'other'];

/** The subnet as machines of one kind see it that boot one file, worked out once. */
const TERMS = new WeakMap<Subnet, Map<string, Subnet>>();

/**
 * The subnet with what a machine is told that boots over the network; the same subnet for all others, and for a machine for
 * which no file is set: it is to go on with its next boot device at once.
 */
export function bootTermsFor(message: Message, subnet: Subnet): Subnet {
  const { boot } = subnet;
  if (boot === undefined) return subnet;
  const kind = bootKindOf(message);
  const file = kind === undefined ? undefined : fileFor(message, kind, boot);
  if (kind === undefined || file === undefined) return subnet;
  let known = TERMS.get(subnet);
  if (known === undefined) {
    known = new Map();
    TERMS.set(subnet, known);
  }
  // There are no more files than the settings name.
  const key = `${KINDS.indexOf(kind)}${file}`;
  let terms = known.get(key);
  if (terms === undefined) {
    terms = termsFor(subnet, boot, kind, file);
    known.set(key, terms);
  }
  return terms;
}

/** RFC 2131 §2: the field `file`, of a boot file's name in option 67 that fits there with a NUL; undefined: none does. */
export function fileFieldOf({ parameters }: Subnet): Uint8Array | undefined {
  const name = parameters.get(BOOT_FILE)?.value;
  return name instanceof Uint8Array && name.length < FILE_BYTES ? name : undefined;
}

function bootKindOf(message: Message): BootKind | undefined {
  const vendorClass = message.raw(VENDOR_CLASS);
  if (isText([PXE_CLIENT], vendorClass)) return 'PXEClient';
  if (isText([HTTP_CLIENT], vendorClass)) return 'HTTPClient';
  // RFC 951: that is what a BOOTP client wants.
  const isBootp = message.type === undefined;
  const asks = message.parameterRequestList?.includes(BOOT_FILE) === true;
  return isBootp || asks || message.has(ARCHITECTURE) || isIpxe(message) ? 'other' : undefined;
}

function isIpxe(message: Message): boolean {
  return message.has(IPXE_OPTIONS) || isUserClass([IPXE], message.raw(USER_CLASS));
}

function fileFor(
  message: Message,
  kind: BootKind,
  { file, files, ipxeFile }: NetworkBoot,
): string | undefined {
  if (ipxeFile !== undefined && isIpxe(message)) return ipxeFile;
  const architectures = message.raw(ARCHITECTURE);
  if (architectures !== undefined && files.size > 0) {
    for (let at = 0; at + 2 <= architectures.length; at += 2) {
      const named = files.get((architectures[at] ?? 0) * 256 + (architectures[at + 1] ?? 0));
      if (named !== undefined) return named;
    }
  }
  // UEFI's HTTP boot takes nothing but the URI of a file.
  return kind !== 'HTTPClient' || file === undefined || /^https?:/i.test(file) ? file : undefined;
}

function termsFor(subnet: Subnet, boot: NetworkBoot, kind: BootKind, file: string): Subnet {
  const parameters = new Map(subnet.parameters);
  const { nextServer, serverName, vendorOptions } = boot;
  // What is set as an option by its number stays.
  const put = (code: number, value: Uint8Array | undefined) => {
    if (value !== undefined && !parameters.has(code))
      parameters.set(code, { code, value } satisfies OptionBlock);
  };
  const server = serverName ?? (nextServer === undefined ? undefined : ipv4ToText(nextServer));
  put(BOOT_FILE, OPTIONS.bootFileName.codec.encode(file));
  if (server !== undefined) put(SERVER_NAME, OPTIONS.tftpServerName.codec.encode(server));
  if (nextServer !== undefined) put(TFTP_SERVERS, OPTIONS.tftpServerAddresses.codec.encode([nextServer]));
  if (kind === 'PXEClient') put(VENDOR_OPTIONS, vendorOptions);
  const always = new Set(subnet.always);
  // A PXE client and UEFI's HTTP boot take an offer for one of theirs by this option.
  if (kind !== 'other') {
    put(VENDOR_CLASS, OPTIONS.vendorClassIdentifier.codec.encode(pattern(kind, false).octets));
    always.add(VENDOR_CLASS).add(BOOT_FILE);
  }
  return { ...subnet, parameters, always, isBooting: true };
}

function pattern(text: string, isPrefix: boolean): OctetPattern {
  return { octets: Uint8Array.from(text, (character) => character.charCodeAt(0)), isPrefix };
}
