import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/pages.ts';
import { describeSystem } from '../support/system.ts';

const FILE = join(ROOT, 'docs/examples/nftables.conf');
const LINE = 'nft insert rule inet filter input iifname OCvpsnet udp dport 67 accept';

/** In a network namespace of its own. */
function inNamespace(script: string): { readonly stderr: string; readonly stdout: string } {
  const { stderr, stdout } = spawnSync('unshare', ['--net', 'sh', '-ec', script], { encoding: 'utf8' });
  return { stderr, stdout };
}

describeSystem('the firewall rules of the documentation', ['nft'], () => {
  test('docs/examples/nftables.conf is accepted, also where its rules stand already', () => {
    const { stderr, stdout } = inNamespace(`nft -f ${FILE}; nft -f ${FILE}; nft list ruleset`);

    expect(stderr).toBe('');
    expect(stdout.match(/iifname "OCvpsnet" udp dport 67 accept/g)).toHaveLength(1);
  });

  test('the line of docs/proxmox.md puts its rule before those of the node', () => {
    const { stderr, stdout } = inNamespace(
      `nft add table inet filter; nft add chain inet filter input; nft add rule inet filter input drop; ${LINE}; nft list ruleset`,
    );

    expect(stderr).toBe('');
    expect(stdout.indexOf('dport 67 accept')).toBeLessThan(stdout.indexOf('drop'));
    expect(stdout).toContain('dport 67 accept');
  });
});
