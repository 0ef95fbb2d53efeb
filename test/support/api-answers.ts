/** Answers of the console's API against the schemas of its OpenAPI document: all GETs are asked, each with places that are there. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ConsoleClient } from './console.ts';

const generated = new URL('../../src/console/server/generated/api-schemas.json', import.meta.url);

/** What is wrong with a value that should be of a type, by path; empty where nothing is. Fields that the type does not have are wrong as well. */
export function faultsOf(answer: string, value: unknown): string[] {
  const schemas = JSON.parse(readFileSync(generated, 'utf8'));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const item = { $ref: `#/components/schemas/${answer.replace('[]', '')}` };
  const validate = ajv.compile({
    ...(answer.endsWith('[]') ? { type: 'array', items: item } : item),
    components: { schemas },
  });
  validate(value);
  return (validate.errors ?? []).map((one) => `${one.instancePath}: ${one.message} ${JSON.stringify(one.params)}`);
}

export interface Places {
  /** By parameter of the path, as in {namespace}; `name` by the collection before it. */
  parameters: Record<string, string>;
  names: Record<string, string>;
  query: string;
}

/** Paths that were asked, and what was wrong. */
export async function judgeAnswers(
  client: ConsoleClient,
  { parameters, names, query }: Places,
  isAsked: (path: string) => boolean = () => true,
): Promise<{ asked: string[]; faults: string[] }> {
  const { paths } = await client.get<any>('/api/openapi.json');
  const asked: string[] = [];
  const faults: string[] = [];
  for (const [path, { get }] of Object.entries<any>(paths)) {
    const schema = get?.responses[200]?.content['application/json']?.schema;
    if (!schema || !isAsked(path)) continue;
    const collection = path.split('/').at(path.split('/').indexOf('{name}') - 1) ?? '';
    const real = path.replaceAll(/\{(\w+)\}/g, (_: string, key: string) =>
      key === 'name' ? (names[collection] ?? '') : (parameters[key] ?? ''),
    );
    const { status, body, text } = await client.ask(`${real}?${query}`);
    asked.push(path);
    if (status !== 200) faults.push(`${real}: ${status} ${text.slice(0, 200)}`);
    const { $ref, items } = schema;
    const answer = $ref ? $ref.split('/').at(-1) : items ? `${items.$ref.split('/').at(-1)}[]` : undefined;
    if (status === 200 && answer) faults.push(...faultsOf(answer, body).map((one) => `${real} (${answer})${one}`));
  }
  return { asked, faults };
}
