import { z } from 'zod';
import { API_ROOT } from './app.ts';
import type { Operation } from './operation.ts';

/** What any call may be answered with. */
const ALWAYS: Readonly<Record<number, string>> = {
  400: 'The request has faults; `errors` names each',
  401: 'A secret is wanted',
  403: 'This caller may not do that',
  503: 'It cannot be answered now; `retry-after` says when to ask again',
};

/** RFC 9457. */
const PROBLEM = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

/** The OpenAPI 3.1 document of the operations, made from the schemas that check their requests. */
export function openApi(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const each of operations) {
    const path = `${API_ROOT}${each.path}`;
    paths[path] = { ...paths[path], [each.method]: describe(each) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'vps-gateway',
      version,
      description:
        'What programs may read and order of a DHCP gateway. Times are ISO 8601, UTC; addresses dotted.',
    },
    security: [{ bearer: [] }, { header: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(PROBLEM, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'x-api-secret' },
      },
    },
  };
}

function describe({ name, summary, path, query, answer, problems, ...operation }: Operation): object {
  const body = operation.describedBody ?? operation.body;
  const content =
    typeof answer === 'string'
      ? { [answer.split(';')[0] ?? answer]: { schema: { type: 'string' } } }
      : { 'application/json': { schema: schemaOf(answer, 'output') } };
  const failures = Object.entries({ ...ALWAYS, ...problems }).map(([status, description]) => [
    status,
    {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return {
    operationId: name,
    summary,
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body !== undefined && {
      requestBody: { content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: { 200: { description: 'It is so', content }, ...Object.fromEntries(failures) },
  };
}

function pathParameters(path: string): readonly object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', ...(name === 'address' && { format: 'ipv4' }) },
  }));
}

function queryParameters(query: z.ZodObject | undefined): readonly object[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(query, 'input');
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { description?: string };
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description && { description }),
      schema: rest,
    };
  });
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
  return rest;
}
