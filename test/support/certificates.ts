import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY = 86_400_000;

export interface CertificateWish {
  /** The authority that signs: <authority>.pem and <authority>.key. */
  readonly authority?: string;
  /** Milliseconds since 1970. */
  readonly begin?: number;
  readonly end?: number;
  readonly names?: string;
  /** For extendedKeyUsage; any, if not given. */
  readonly purpose?: string;
  /** Takes the key that is there. */
  readonly keepsKey?: boolean;
}

/** Makes ca.pem, and own.pem with own.key for 127.0.0.1, in a folder. */
export function certify(folder: string): void {
  makeAuthority(folder, 'ca');
  sign(folder, 'own');
}

/** Makes <name>.pem and <name>.key, of an authority. */
export function makeAuthority(folder: string, name: string, days = 2): void {
  openssl(
    folder,
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days ${days} -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`,
  );
}

/** Makes <name>.pem, and <name>.key unless it is kept. */
export function sign(folder: string, name: string, wish: CertificateWish = {}): void {
  const { authority = 'ca', begin = Date.now() - DAY, end = Date.now() + 2 * DAY } = wish;
  const key =
    wish.keepsKey === true
      ? `-key ${name}.key`
      : `-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${name}.key`;
  openssl(folder, `req -new ${key} -subj /CN=gateway -out ${name}.csr`);
  const usage = wish.purpose === undefined ? '' : `extendedKeyUsage=${wish.purpose}\n`;
  const settings = [
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256',
    'policy=any\nunique_subject=no\n[any]\ncommonName=supplied\n[own]',
    `subjectAltName=${wish.names ?? 'IP:127.0.0.1'}\n${usage}`,
  ];
  writeFileSync(join(folder, 'ca.conf'), settings.join('\n'));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(
    join(folder, 'serial'),
    `${Math.floor(Math.random() * 2 ** 31)
      .toString(16)
      .padStart(8, '0')}\n`,
  );
  openssl(
    folder,
    `ca -batch -notext -config ca.conf -extensions own -cert ${authority}.pem -keyfile ${authority}.key -in ${name}.csr -out ${name}.pem -startdate ${asn1(begin)} -enddate ${asn1(end)}`,
  );
}

function openssl(folder: string, command: string): void {
  execFileSync('openssl', command.split(' '), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** RFC 5280 §4.1.2.5.2: 20261128063000Z. */
function asn1(instant: number): string {
  return `${new Date(instant).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
}
