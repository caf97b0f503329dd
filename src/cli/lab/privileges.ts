import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * How namespaces can be made here. directly: we have the privileges. user-namespace: as the root of a user namespace.
 * Otherwise what stands in the way, and what would help.
 */
export type NamespacePrivilege = 'directly' | 'user-namespace' | { readonly missing: string };

/** Runs a program as root of a user namespace of its own, in network and mounts of its own. */
export const AS_NAMESPACE_ROOT: readonly string[] = [
  'unshare',
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
];

export function namespacePrivilege(): NamespacePrivilege {
  for (const [tool, version, toInstall] of TOOLS) {
    if (spawnSync(tool, [version]).error !== undefined)
      return { missing: `the program ${tool} is missing: install ${toInstall}` };
  }
  if (spawnSync('unshare', ['--net', '--mount', 'true']).status === 0) return 'directly';
  if (spawnSync('unshare', [...AS_NAMESPACE_ROOT.slice(1), 'true']).status === 0) return 'user-namespace';
  return { missing: `network namespaces cannot be made here: ${obstacle()}` };
}

const TOOLS = [
  ['unshare', '--version', 'util-linux'],
  ['nsenter', '--version', 'util-linux'],
  ['setpriv', '--version', 'util-linux'],
  ['ip', '-V', 'iproute2'],
  ['bridge', '-V', 'iproute2'],
] as const;

function obstacle(): string {
  for (const [file, forbids, remedy] of OBSTACLES) {
    if (existsSync(file) && readFileSync(file, 'utf8').trim() === forbids) return remedy;
  }
  return 'run it as root; in a container, with the capability SYS_ADMIN';
}

const OBSTACLES = [
  [
    '/proc/sys/kernel/unprivileged_userns_clone',
    '0',
    'the kernel keeps user namespaces for root (kernel.unprivileged_userns_clone is 0): run it with sudo',
  ],
  [
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    '1',
    'AppArmor keeps user namespaces for root (kernel.apparmor_restrict_unprivileged_userns is 1): run it with sudo',
  ],
  ['/proc/sys/user/max_user_namespaces', '0', 'user.max_user_namespaces is 0: run it with sudo'],
] as const;
