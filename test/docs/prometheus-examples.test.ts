import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram } from '../../src/diagnosis/find-program.ts';
import { metricsText } from '../support/metrics.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/examples');
const RULES = join(EXAMPLES, 'prometheus-rules.yml');
const DASHBOARD = join(EXAMPLES, 'grafana-dashboard.json');
const hasPromtool = findProgram('promtool') !== undefined;
/** The second of two gateways is gone after five minutes. */
const ONE_GONE = JSON.stringify({
  rule_files: [RULES],
  tests: [
    {
      interval: '1m',
      input_series: [
        { series: 'up{job="vps-gateway", instance="node-1"}', values: '1x20' },
        { series: 'up{job="vps-gateway", instance="node-2"}', values: '1x5 0x15' },
      ],
      promql_expr_test: [
        {
          expr: 'ALERTS{alertname="VpsGatewayGone", alertstate="firing"}',
          eval_time: '15m',
          exp_samples: [
            {
              labels:
                'ALERTS{alertname="VpsGatewayGone", alertstate="firing", instance="node-2", job="vps-gateway", severity="critical"}',
              value: 1,
            },
          ],
        },
      ],
    },
  ],
});
const WHERE = hasPromtool ? '' : ' [not here: apt-get install prometheus]';

test.skipIf(!hasPromtool)(`promtool accepts the alert rules${WHERE}`, () => {
  const { status, stderr } = spawnSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test.skipIf(!hasPromtool)(`one gateway of several that is gone is told by name${WHERE}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gone.yml');
  writeFileSync(file, ONE_GONE);

  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });

  expect(`${stdout}${stderr}`).toContain('SUCCESS');
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
