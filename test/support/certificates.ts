import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes ca.pem, and own.pem with own.key for 127.0.0.1, in a folder. */
export function certify(folder: string): void {
  const openssl = (command: string) =>
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: 'ignore' });
  writeFileSync(join(folder, 'own.ext'), 'subjectAltName=IP:127.0.0.1\n');
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=gateway -keyout own.key -out own.csr');
  openssl(
    'x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile own.ext -out own.pem',
  );
}
