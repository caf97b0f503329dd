import { apiSecret } from './api-settings.ts';
import { file } from './etcd-kinds.ts';
import { AT_START, optional, setting } from './setting.ts';
import { fault, ok, type SettingKind, seconds } from './setting-kinds.ts';

const URL_FORM = 'write https://hooks.example.net/leases, without user and password';

/** RFC 9110 §4.2.4: no user and password, which would stand in logs; a secret is a setting of its own. */
const webUrl: SettingKind<string> = {
  placeholder: 'url',
  read(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '')
      return fault('is not an address of the web', URL_FORM);
    return url.username !== '' || url.password !== ''
      ? fault('has a user or a password in it', URL_FORM)
      : ok(url.href);
  },
};

/** The settings of those who are told when leases change. */
export const HOOK_SETTINGS = {
  hook: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_HOOK',
    flag: 'hook',
    kind: file,
    help: 'a program that is run when leases change, with the changes as JSON on its standard input',
  }),
  hookTimeout: setting('10s', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_HOOK_TIMEOUT',
    flag: 'hook-timeout',
    kind: seconds(1, 300),
    help: 'how long one run of the hook, or one request of the webhook, may take; then it is killed',
  }),
  webhook: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_WEBHOOK',
    flag: 'webhook',
    kind: webUrl,
    help: 'a URL that gets the same changes by POST',
  }),
  webhookSecret: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_WEBHOOK_SECRET',
    flag: undefined,
    kind: apiSecret,
    help: 'the secret that requests of the webhook are signed with',
  }),
  webhookSecretFile: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_WEBHOOK_SECRET_FILE',
    flag: 'webhook-secret-file',
    kind: file,
    help: 'a file with that secret',
  }),
  webhookCa: optional({
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_DHCP_WEBHOOK_CA',
    flag: 'webhook-ca',
    kind: file,
    help: 'PEM file of the authorities that the webhook is believed by, in place of those that everybody knows',
  }),
};
