import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever changes a file below STALL_DIRECTORY waits as long as STALL_FLAG is there; with STALL_READS, what reads one too. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
static void wait_below(const char *path) {
  const char *directory = getenv("STALL_DIRECTORY"), *flag = getenv("STALL_FLAG");
  if (!directory || !flag || strncmp(path, directory, strlen(directory)) != 0) return;
  while (access(flag, F_OK) == 0) usleep(10000);
}
static void wait_for(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  wait_below(path);
}
#define ON_FD(result, name, parameters, values) \\
  result name parameters { \\
    static result (*real) parameters; \\
    if (!real) real = dlsym(RTLD_NEXT, #name); \\
    wait_for(fd); \\
    return real values; \\
  }
ON_FD(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
ON_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, (int fd, off_t size), (fd, size))
ssize_t read(int fd, void *bytes, size_t count) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "read");
  if (getenv("STALL_READS")) wait_for(fd);
  return real(fd, bytes, count);
}
int unlink(const char *path) {
  static int (*real)(const char *);
  if (!real) real = dlsym(RTLD_NEXT, "unlink");
  wait_below(path);
  return real(path);
}
`;

/** A disk of a gateway's leases that can be made to hang. */
export interface StallingDisk {
  readonly directory: string;
  /** Of the gateway. */
  readonly environment: Readonly<Record<string, string>>;
  stall(): void;
  goOn(): void;
  close(): void;
}

export interface KindOfStall {
  readonly name: string;
  /** Why it cannot be had here; undefined: it can. */
  readonly obstacle: string | undefined;
  /** True: a process that the disk holds can be killed. */
  readonly canBeKilled: boolean;
  open(): StallingDisk;
}

/** Ends with our end of its standard input, whatever ended us, and leaves nothing frozen. */
const THAW = 'cat; fsfreeze -u "$0"; umount -l "$0"';

/** A file system of its own that is frozen, as by a backup. */
class FrozenDisk implements StallingDisk {
  readonly directory: string;
  readonly environment = {};
  readonly #folder = mkdtempSync(join(tmpdir(), 'vps-gateway-frozen-'));
  readonly #keeper: ChildProcess;
  #isFrozen = false;

  constructor() {
    this.directory = join(this.#folder, 'disk');
    const image = join(this.#folder, 'image');
    mkdirSync(this.directory);
    execFileSync('truncate', ['-s', '64M', image]);
    execFileSync('mkfs.ext4', ['-q', '-F', image]);
    execFileSync('mount', ['-o', 'loop', image, this.directory]);
    const stdio = ['pipe', 'ignore', 'ignore'] as const;
    this.#keeper = spawn('sh', ['-c', THAW, this.directory], { detached: true, stdio: [...stdio] });
    this.#keeper.unref();
  }

  stall(): void {
    execFileSync('fsfreeze', ['-f', this.directory]);
    this.#isFrozen = true;
  }

  goOn(): void {
    if (this.#isFrozen) execFileSync('fsfreeze', ['-u', this.directory]);
    this.#isFrozen = false;
  }

  close(): void {
    this.goOn();
    execFileSync('umount', [this.directory]);
    this.#keeper.stdin?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** An ordinary folder, and a library that keeps a program from changing anything in it. */
class HeldDisk implements StallingDisk {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'vps-gateway-held-'));
  readonly #flag: string;

  constructor() {
    this.directory = join(this.#folder, 'disk');
    this.#flag = join(this.#folder, 'stalls');
    mkdirSync(this.directory);
    const library = join(this.#folder, 'stall.so');
    const compile = ['-x', 'c', '-shared', '-fPIC', '-O1', '-o', library, '-', '-ldl'];
    execFileSync('cc', compile, { input: SOURCE });
    this.environment = { LD_PRELOAD: library, STALL_DIRECTORY: this.directory, STALL_FLAG: this.#flag };
  }

  stall(): void {
    writeFileSync(this.#flag, '');
  }

  goOn(): void {
    rmSync(this.#flag, { force: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export const FROZEN: KindOfStall = {
  name: 'is frozen (fsfreeze)',
  get obstacle() {
    return triedToFreeze();
  },
  canBeKilled: false,
  open: () => new FrozenDisk(),
};

export const HELD: KindOfStall = {
  name: 'takes no writes (LD_PRELOAD)',
  get obstacle() {
    return spawnSync('cc', ['--version']).status === 0 ? undefined : 'cc missing: apt-get install gcc';
  },
  canBeKilled: true,
  open: () => new HeldDisk(),
};

function triedToFreeze(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/dev/loop-control')) return 'no loop devices';
  let disk: FrozenDisk | undefined;
  try {
    disk = new FrozenDisk();
    disk.stall();
    disk.close();
    return undefined;
  } catch (error) {
    disk?.goOn();
    return `no file system can be frozen: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
}
