import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { metricsText } from '../support/metrics.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');
const RULES = join(EXAMPLES, 'prometheus-rules.yml');
const DASHBOARD = join(EXAMPLES, 'grafana-dashboard.json');
const hasPromtool = findProgram('promtool') !== undefined;
const WHERE = hasPromtool ? '' : ' [not here: apt-get install prometheus]';

test.skipIf(!hasPromtool)(`promtool accepts the alert rules${WHERE}`, () => {
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('each alert says what to do', () => {
  const rules = readFileSync(RULES, 'utf8')
    .split(/^ {6}- alert: /m)
    .slice(1);

  expect(rules.length).toBeGreaterThan(5);
  for (const rule of rules) expect(rule).toMatch(/\n {10}description: (>-\n +)?[A-Z`]/);
});

test('alerts and dashboard name only metrics that a gateway has, and labels that these have', async () => {
  const text = await metricsText();
  const dashboard: unknown = JSON.parse(readFileSync(DASHBOARD, 'utf8'));

  const used = `${readFileSync(RULES, 'utf8')}${JSON.stringify(dashboard)}`.match(/vps_gateway_\w+/g) ?? [];

  expect(used.length).toBeGreaterThan(20);
  const known = new Set([...text.matchAll(/^(?:# TYPE )?(vps_gateway_\w+)/gm)].map(([, name]) => name));
  // One that is there only while there is a problem.
  known.add('vps_gateway_problems');
  expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
});
