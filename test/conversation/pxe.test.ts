import { describe, expect, test } from 'vitest';
import { optionOf, optionsOf } from '../support/conversation.ts';
import { Guest } from '../support/guest.ts';
import { ip, type PacketOption, text, u16, u32 } from '../support/packet.ts';
import { conversationBy } from '../support/policy.ts';

const MAC = '52:54:00:00:00:01';
const SERVER = '10.15.3.10';

const FILE = [
  'pxe:',
  '  next_server: 10.15.3.2',
  '  vendor_options: 06:01:08',
  '  files:',
  '    bios: undionly.kpxe',
  '    uefi_x64: ipxe.efi',
  '    uefi_arm64: ipxe-arm64.efi',
  '    http_x64: http://10.15.3.2/ipxe.efi',
  '    ipxe: http://10.15.3.2/boot.ipxe',
].join('\n');

const UUID = [0, ...Array.from({ length: 16 }, (_, index) => index + 1)];

/** The options of firmware, as it sends them beside 53 and 55. */
function firmware(architecture: number, vendor: string, list: readonly number[], ...more: PacketOption[]) {
  const arch = String(architecture).padStart(5, '0');
  const options: PacketOption[] = [
    [57, 5, 192],
    [93, ...u16(architecture)],
    [94, 1, 3, 16],
    [97, ...UUID],
    [60, ...text(`${vendor}:Arch:${arch}:UNDI:003016`)],
    ...more,
  ];
  return new Guest(MAC, { requestList: list, options, broadcasts: true });
}

/** Intel's boot agent and SeaBIOS's successors: the list of the PXE specification 2.1. */
const PXE_LIST = [
  1, 2, 3, 5, 6, 11, 12, 13, 15, 16, 17, 18, 43, 54, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135,
];
/** EDK2's PxeBcDhcp4.c. */
const EDK2_LIST = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128,
  129, 130, 131, 132, 133, 134, 135,
];
/** EDK2's HttpBootDhcp4.c. */
const HTTP_LIST = [1, 3, 6, 12, 15, 28, 42, 43, 54, 60, 66, 67, 97];
/** iPXE's dhcp.c; its own options are in 175. */
const IPXE_LIST = [
  1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203,
];
const IPXE_OPTIONS: PacketOption = [
  175, 177, 5, 1, 128, 134, 16, 0, 235, 3, 1, 21, 1, 23, 1, 1, 34, 1, 1, 19, 1, 1, 17, 1, 1, 39, 1, 1, 25, 1,
  1, 16, 1, 2, 33, 1, 1, 36, 1, 1,
];

function offerTo(guest: Guest, file = FILE) {
  const { bytes, reason } = conversationBy(file).hear(guest.discover());
  if (bytes === undefined) throw new Error(reason);
  return bytes;
}

function fieldOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(108, 236)).replace(/\0.*$/s, '');
}

function textOf(bytes: Uint8Array, code: number): string | undefined {
  const value = optionOf(bytes, code);
  return value === undefined ? undefined : String.fromCharCode(...value);
}

describe('a machine that boots over the network', () => {
  test.each([
    ['a BIOS', 0, 'undionly.kpxe', PXE_LIST],
    ['UEFI of x64', 7, 'ipxe.efi', EDK2_LIST],
    ['UEFI of x64 that takes RFC 4578 by its letter', 9, 'ipxe.efi', EDK2_LIST],
    ['UEFI of arm64', 11, 'ipxe-arm64.efi', EDK2_LIST],
  ])(
    'RFC 4578 §2.1: %s (architecture %i) is told its file and its server',
    (_what, architecture, file, list) => {
      const offer = offerTo(firmware(architecture, 'PXEClient', list));

      expect([...offer.subarray(20, 24)]).toEqual(ip('10.15.3.2')); // siaddr
      expect(fieldOf(offer)).toBe(file);
      expect(textOf(offer, 67)).toBe(file);
      expect(textOf(offer, 60)).toBe('PXEClient');
      expect(optionOf(offer, 43)).toEqual([6, 1, 8]);
      if (list.includes(66)) expect(textOf(offer, 66)).toBe('10.15.3.2');
    },
  );

  test('RFC 4578 §2.3: is returned the identifier of the machine', () => {
    expect(optionOf(offerTo(firmware(7, 'PXEClient', EDK2_LIST)), 97)).toEqual(UUID);
  });

  test('UEFI that boots by HTTP (architecture 16) is told a URI, and that the offer is for it', () => {
    const offer = offerTo(firmware(16, 'HTTPClient', HTTP_LIST));

    expect(textOf(offer, 60)).toBe('HTTPClient');
    expect(textOf(offer, 67)).toBe('http://10.15.3.2/ipxe.efi');
    expect(fieldOf(offer)).toBe('http://10.15.3.2/ipxe.efi');
    expect(optionOf(offer, 43)).toBeUndefined();
  });

  test.each<[string, PacketOption[]]>([
    ['its user class, as one text', [[77, ...text('iPXE')]]],
    ['its user class, as RFC 3004 §4 has it', [[77, 4, ...text('iPXE')]]],
    ['its own options', [IPXE_OPTIONS]],
    ['both', [[77, ...text('iPXE')], IPXE_OPTIONS]],
  ])('iPXE, known by %s, is told what comes after it, on each architecture', (_what, more) => {
    for (const architecture of [0, 7, 11])
      expect(fieldOf(offerTo(firmware(architecture, 'PXEClient', IPXE_LIST, ...more)))).toBe(
        'http://10.15.3.2/boot.ipxe',
      );
  });

  test('RFC 5859: is told its TFTP servers, if it asks for option 150', () => {
    expect(optionOf(offerTo(firmware(0, 'PXEClient', [...PXE_LIST, 150])), 150)).toEqual(ip('10.15.3.2'));
    expect(optionOf(offerTo(firmware(0, 'PXEClient', PXE_LIST)), 150)).toBeUndefined();
  });

  test('is told the same in the DHCPACK, and by a DHCPINFORM', () => {
    const conversation = conversationBy(FILE);
    const guest = firmware(7, 'PXEClient', EDK2_LIST);
    const { address } = conversation.hear(guest.discover());

    const ack = conversation.hear(guest.select(address, SERVER)).bytes ?? new Uint8Array();
    const informed = conversation.hearUnicast(guest.inform(address), address).bytes ?? new Uint8Array();

    for (const bytes of [ack, informed]) {
      expect([...bytes.subarray(20, 24)]).toEqual(ip('10.15.3.2'));
      expect(fieldOf(bytes)).toBe('ipxe.efi');
    }
  });

  test('for which no file is set is told nothing of it, so that it goes on with its next device', () => {
    for (const guest of [firmware(6, 'PXEClient', EDK2_LIST), firmware(15, 'HTTPClient', HTTP_LIST)]) {
      const offer = offerTo(guest);

      expect([...offer.subarray(20, 24)]).toEqual([0, 0, 0, 0]);
      expect(fieldOf(offer)).toBe('');
      for (const code of [43, 60, 66, 67, 97]) expect(optionOf(offer, code)).toBeUndefined();
    }
  });

  test('has the default file if its architecture has none, but a URI alone where it boots by HTTP', () => {
    const byTftp = 'pxe: {next_server: 10.15.3.2, file: pxelinux.0}';
    const byHttp = 'pxe: {file: "http://10.15.3.2/boot.efi"}';

    expect(fieldOf(offerTo(firmware(6, 'PXEClient', EDK2_LIST), byTftp))).toBe('pxelinux.0');
    expect(fieldOf(offerTo(firmware(16, 'HTTPClient', HTTP_LIST), byTftp))).toBe('');
    expect(fieldOf(offerTo(firmware(16, 'HTTPClient', HTTP_LIST), byHttp))).toBe('http://10.15.3.2/boot.efi');
  });

  test('may be U-Boot, or a BOOTP client, which have another vendor class or none', () => {
    const file = 'bootp: true\npxe: {next_server: 10.15.3.2, files: {22: u-boot.img}, file: other.img}';
    const uBoot = new Guest(MAC, {
      requestList: [1, 3, 66, 67],
      options: [
        [60, ...text('U-Boot.armv8')],
        [93, ...u16(22)],
      ],
    });

    expect(fieldOf(offerTo(uBoot, file))).toBe('u-boot.img');
    expect(optionOf(offerTo(uBoot, file), 60)).toBeUndefined();
    expect(fieldOf(conversationBy(file).hear(new Guest(MAC).bootp()).bytes ?? new Uint8Array())).toBe(
      'other.img',
    );
  });

  test('RFC 2132 §9.3: has no options in the field that its file is in, however many there are', () => {
    const many = `${FILE}\noptions:\n${Array.from({ length: 8 }, (_, index) => `  ${224 + index}: hex:${'00'.repeat(60)}`).join('\n')}`;
    const list = [...EDK2_LIST, ...Array.from({ length: 8 }, (_, index) => 224 + index)];
    const offer = offerTo(
      new Guest(MAC, {
        requestList: list,
        options: [
          [93, ...u16(7)],
          [60, ...text('PXEClient')],
        ],
      }),
      many,
    );

    expect(fieldOf(offer)).toBe('ipxe.efi');
    expect(optionOf(offer, 52)).toEqual([2]);
  });

  test('whose file is too long for the field has it in option 67', () => {
    const url = `http://10.15.3.2/${'x'.repeat(150)}.efi`;
    const offer = offerTo(firmware(16, 'HTTPClient', HTTP_LIST), `pxe: {file: "${url}"}`);

    expect(fieldOf(offer)).toBe('');
    expect(textOf(offer, 67)).toBe(url);
  });

  test('RFC 5071 §4: of a class has what that says before what all have', () => {
    const file = `${FILE}\nclasses:\n  - name: installers\n    match: {mac: "52:54"}\n    pxe: {next_server: 10.15.3.3, files: {uefi_x64: install.efi}}\n    options: {43: hex:ff, pxelinux_path_prefix: install/}`;

    const offer = offerTo(firmware(7, 'PXEClient', [...EDK2_LIST, 210]), file);
    expect([...offer.subarray(20, 24)]).toEqual(ip('10.15.3.3'));
    expect(fieldOf(offer)).toBe('install.efi');
    expect(optionOf(offer, 43)).toEqual([255]);
    expect(textOf(offer, 210)).toBe('install/');
    expect(fieldOf(offerTo(firmware(0, 'PXEClient', PXE_LIST), file))).toBe('undionly.kpxe');
  });

  test('is nobody who does not boot over the network: an ordinary guest is told nothing of it', () => {
    const with_ = offerTo(new Guest(MAC, { requestList: [1, 3, 6, 15, 28, 51] }));
    const without = offerTo(new Guest(MAC, { requestList: [1, 3, 6, 15, 28, 51] }), '');

    expect(with_).toEqual(without);
    expect(optionsOf(with_).map(([code]) => code)).not.toContain(67);
    expect(u32(0)).toEqual([...with_.subarray(20, 24)]);
  });
});
