import { loadSettings } from '../../src/config/loading/load-settings.ts';
import { planOfSettings } from '../../src/config/plan-of-settings.ts';
import { problemToText } from '../../src/config/problem.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { Conversation } from './conversation.ts';
import { at } from './plan.ts';

const PATH = '/etc/settings.yaml';

/** The settings of a file with this text. */
export function loadFile(text: string, flags = {}) {
  return loadSettings({ settingsFile: PATH, ...flags }, {}, () => ({ ok: true, value: text }));
}

/** What is wrong with a file, each in one line. */
export function problemsOfFile(text: string): readonly string[] {
  const loaded = loadFile(text);
  return loaded.ok ? [] : loaded.problems.map(problemToText);
}

/** Node 1's plan by a settings file. Nothing is asked by ARP. */
export function planOfFile(text: string): Plan {
  const loaded = loadFile(text);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemToText).join('\n'));
  const plan = planOfSettings(loaded.settings, { listenIp: at('10.15.3.10'), mtu: 1450 }, []);
  return { ...plan, probeMilliseconds: 0, peers: new Set(), gateways: new Set() };
}

/** The engine by a settings file. */
export function conversationBy(text: string): Conversation {
  return new Conversation(planOfFile(text));
}
