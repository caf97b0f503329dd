import { z } from 'zod';
import { refusedChangeToText } from '../../config/needs-restart.ts';
import type { ReloadResult } from '../../server/declaration/reload.ts';
import { type Operation, operation } from '../http/operation.ts';
import { ApiProblem } from '../http/problem.ts';
import type { RouteParts } from './route-parts.ts';

const SETTING = z.object({
  setting: z.string(),
  value: z.string().nullable().meta({ description: 'As it was written; null: it is not set' }),
  from: z.string(),
  derived: z.string().optional().meta({
    description: 'The value in force where none is set: it follows from other settings or from this machine',
  }),
});
const CHANGE = z
  .object({
    segment: z
      .string()
      .optional()
      .meta({ description: 'Of several segments, the one; absent: it is so in all that there are' }),
    setting: z.string(),
    from: z.string().nullable(),
    to: z.string().nullable(),
  })
  .meta({ description: 'Values as they were written; a secret is not shown' });
const OF_RELOAD = z
  .object({
    outcome: z.enum(['unchanged', 'would-reload', 'refused', 'unusable']),
    changes: z.array(CHANGE),
    problems: z
      .array(z.string())
      .meta({ description: 'Faults of the settings, and changes that take a restart' }),
  })
  .meta({ description: 'What a reload would do now' });

const RELOAD = z.strictObject({
  dry_run: z.boolean().default(false).meta({ description: 'Only say what would change' }),
});
const RELOADED = z.object({
  outcome: z.enum(['unchanged', 'would-reload', 'reloaded']),
  changes: z.array(CHANGE),
  warnings: z.array(z.string()),
});

export function settingsRoutes({ asked, gateway }: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/settings',
      name: 'listSettings',
      summary: 'Every setting in force, where its value came from, and what a reload would change',
      answer: z.object({ items: z.array(SETTING), total: z.int(), on_reload: OF_RELOAD }),
      run: async ({ author }) => {
        const [{ status }, trial] = await Promise.all([
          asked.result(),
          gateway.reload({ isTrial: true, author }),
        ]);
        const { settings } = status;
        return { items: settings, total: settings.length, on_reload: onReload(trial) };
      },
    }),
    operation({
      method: 'post',
      path: '/reload',
      name: 'reloadSettings',
      summary: 'Reads the settings file again: all changes take effect, or none',
      body: RELOAD,
      answer: RELOADED,
      problems: { 409: 'A change takes a restart', 422: 'The settings have faults' },
      run: async ({ body, author }) => reloaded(await gateway.reload({ isTrial: body.dry_run, author })),
    }),
  ];
}

function reloaded(result: ReloadResult): z.output<typeof RELOADED> {
  switch (result.kind) {
    case 'unusable':
      throw new ApiProblem({
        status: 422,
        word: 'settings-have-faults',
        title: 'The settings are not reloaded',
        detail: 'the settings cannot be used; the previous ones stay in force',
        errors: result.problems.map((detail) => ({ pointer: '', detail })),
      });
    case 'refused':
      throw new ApiProblem({
        status: 409,
        word: 'needs-restart',
        title: 'The settings are not reloaded',
        detail: 'some changes take a restart, so none was made',
        errors: problemsOf(result).map((detail) => ({ pointer: '', detail })),
      });
    default: {
      const { kind, changes, warnings } = result;
      return { outcome: kind, changes: [...changes], warnings: [...warnings] };
    }
  }
}

function onReload(result: ReloadResult): z.output<typeof OF_RELOAD> {
  const changes = result.kind === 'unusable' ? [] : result.changes;
  // A trial never ends as 'reloaded'; only the type allows it.
  const outcome = result.kind === 'reloaded' ? 'unchanged' : result.kind;
  return { outcome, changes: [...changes], problems: [...problemsOf(result)] };
}

function problemsOf(result: ReloadResult): readonly string[] {
  if (result.kind === 'unusable') return result.problems;
  if (result.kind !== 'refused') return [];
  return result.refusals.map((refusal) => `${refusedChangeToText(refusal)}: ${refusal.why}`);
}
