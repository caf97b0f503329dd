import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { GatewayError } from '../../errors.ts';
import { isRunning } from './is-running.ts';

/**
 * A machine of the segment: network and mounts of its own. They last as long as one small process, which ends when
 * its standard input does, so that nothing is left behind however we end. What is started in it dies with us.
 */
export class NamespaceHost {
  readonly name: string;
  readonly #holder: ChildProcess;
  readonly #children = new Set<ChildProcess>();

  private constructor(name: string, holder: ChildProcess) {
    this.name = name;
    this.#holder = holder;
  }

  /** @throws GatewayError 'lab-unavailable' if the machine allows no namespace. */
  static async open(name: string): Promise<NamespaceHost> {
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', PREPARE], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true, // Ctrl-C at the terminal is ours alone.
    });
    const failed = once(holder, 'exit').then(() => {
      throw new GatewayError('lab-unavailable', `no namespace could be made for ${name}`);
    });
    await Promise.race([once(holder.stdout, 'data'), failed]);
    failed.catch(() => undefined);
    return new NamespaceHost(name, holder);
  }

  /** The process that holds the namespaces: /proc/<pid>/ns/net. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** Runs a command to its end and returns what it wrote. @throws Error if it fails. */
  run(command: string, ...args: readonly string[]): string {
    return execFileSync('nsenter', this.#inside([command, ...args]), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** `ip` with these words: host.ip('link set eth0 up'). */
  ip(words: string): string {
    return this.run('ip', ...words.split(' '));
  }

  /** `ip` with many lines of words at once. It does not block the thread. @throws Error if one fails. */
  async ipBatch(lines: readonly string[]): Promise<void> {
    const child = spawn('nsenter', this.#inside(['ip', '-batch', '-']), {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = once(child, 'exit');
    child.stdin.on('error', () => undefined).end(`${lines.join('\n')}\n`);
    const [status] = await ended;
    if (status !== 0) throw new Error(`ip -batch on ${this.name} ended with ${status}`);
  }

  /** Starts a command; its pid is that of the command itself. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn('nsenter', this.#inside(['setpriv', '--pdeathsig', 'KILL', command, ...args]), {
      detached: true,
      ...options,
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Ends what runs in it, and it. */
  async close(): Promise<void> {
    const ends = [...this.#children, this.#holder].map((child) => {
      if (!isRunning(child)) return undefined;
      const end = once(child, 'exit');
      child.kill('SIGKILL');
      return end;
    });
    await Promise.all(ends);
  }

  #inside(command: readonly string[]): string[] {
    return ['--target', String(this.pid), '--net', '--mount', '--', ...command];
  }
}

/**
 * The clients' folders are memory of this machine only, and /sys shows its own interfaces. Without its user in
 * /etc/passwd dhcpcd stays one process, which is all that a user namespace allows it.
 */
const PREPARE = `
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t sysfs sysfs /sys 2>/dev/null
mount -t tmpfs tmpfs /run
for folder in /var/lib/dhcp /var/lib/dhcpcd /var/lib/dhcpcd5 /var/db/dhcpcd; do
  if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi
done
grep -v dhcpcd /etc/passwd > /run/passwd && mount --bind /run/passwd /etc/passwd
for setting in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > "$setting"; done 2>/dev/null
ip link set lo up
echo ready
exec cat > /dev/null
`;
