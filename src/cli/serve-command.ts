import type { Command } from 'commander';
import { rereading } from './load-with-file.ts';
import { addSettingOptions, flagsOf, settingsOrThrow } from './setting-options.ts';

const SERVE = 'lease addresses until SIGTERM or SIGINT';
/** Lines of at most 80 columns, since commander does not wrap indented text. */
const WHAT_MATTERS = `
Three things matter first. On a node that has an address of 10.15.3.10 to .19
none has to be said; on another network all three:
  --listen-ip                this node's own address there
  --gateway                  the router of the guests
  --pool-start, --pool-end   the addresses that guests may have

Example:
  vps-gateway serve --listen-ip 192.168.7.2 --gateway 192.168.7.1 \\
    --pool-start 192.168.7.100 --pool-end 192.168.7.199

Each flag has a variable, for a unit or a container. \`vps-gateway check\`
shows what comes of them, without serving.`;

export function addServeCommand(program: Command): void {
  const command = program.command('serve').summary(SERVE).description(`${SERVE}\n${WHAT_MATTERS}`);
  addSettingOptions(command).action(async () => {
    const loaded = settingsOrThrow(command);
    const { serve } = await import('./serve.ts');
    process.exitCode = await serve(loaded, rereading(flagsOf(command), process.env));
  });
}
