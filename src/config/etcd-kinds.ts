import { fault, listOf, ok, path, type SettingKind } from './setting-kinds.ts';

/** A member of etcd. */
export interface Endpoint {
  /** host:port */
  readonly target: string;
  /** The scheme as it was written; undefined: none was. */
  readonly scheme: 'http' | 'https' | undefined;
}

const DEFAULT_PORT = 2379;
const FORM =
  /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?\/?$/;

const endpoint: SettingKind<Endpoint> = {
  placeholder: 'endpoint',
  read(text) {
    const [, scheme, host, , port = String(DEFAULT_PORT)] = FORM.exec(text) ?? [];
    const number = Number(port);
    if (host === undefined || number < 1 || number > 65535)
      return fault('is not an endpoint of etcd', 'write https://192.0.2.11:2379, or host:port');
    return ok({ target: `${host}:${number}`, scheme: scheme as Endpoint['scheme'] });
  },
};

export const endpoints: SettingKind<readonly Endpoint[]> = listOf('endpoints', endpoint, 9);

/** A name that is a part of a key: of a segment, or of a node. */
export const name: SettingKind<string> = {
  placeholder: 'name',
  read: (text) =>
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)
      ? ok(text)
      : fault('is not a name', 'write up to 63 letters, digits, dots, dashes or underscores: tenant-1'),
};

export const file: SettingKind<string> = path('file');

export const text: SettingKind<string> = { placeholder: 'text', read: ok };

const UNITS = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 } as const;

/** Limits that find a forgotten or a repeated unit: no etcd works with less, and none has more than 2^50 bytes. */
const LEAST_BYTES = UNITS.m;
const MOST_BYTES = 2 ** 50;

/** A size of a database, in bytes; with K, M or G in units of 1024. */
export const bytes: SettingKind<number> = {
  placeholder: 'bytes',
  read(text) {
    const [, digits, unit = ''] = /^(\d{1,15}) ?(?:([kmg])(?:i?b)?)?$/i.exec(text) ?? [];
    if (digits === undefined) return fault('is not a size', 'write 2GiB, 512MiB or 1073741824');
    const value = Number(digits) * UNITS[unit.toLowerCase() as keyof typeof UNITS];
    if (value < LEAST_BYTES)
      return fault('is too small, for it is in bytes', `write at least 1MiB, or a unit: ${digits}GiB`);
    return value > MOST_BYTES ? fault('is too large', 'write 2GiB, 512MiB or 1073741824') : ok(value);
  },
};
