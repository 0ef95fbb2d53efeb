/** The same requests to two API servers, and their answers in a form in which they can be compared. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/index.ts';

export interface Step {
  /** What is asked, for people. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string | ((answers: Map<string, any>) => string);
  /** A function gets the body of an earlier answer, by its step's name. */
  body?: unknown | ((answers: Map<string, any>) => unknown);
  contentType?: string;
  accept?: string;
  /** Asks again, for a minute at most, until this holds of the answer. */
  waitFor?: (body: any) => boolean;
}

export interface Scenario {
  name: string;
  steps: Step[];
}

export interface Answer {
  status: number;
  body: any;
}

/** Answers of all steps, by their names. A step's answer does not end the scenario: refusals are compared too. */
export async function play(client: KubeClient, { steps }: Scenario): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const bodies = new Map<string, any>();
  for (const step of steps) {
    let answer = await ask(client, step, bodies);
    for (let tries = 0; step.waitFor && !step.waitFor(answer.body) && tries < 300; tries++) {
      await pause(200);
      answer = await ask(client, step, bodies);
    }
    bodies.set(step.name, answer.body);
    answers.set(step.name, { ...answer, body: normalized(structuredClone(answer.body)) });
  }
  return answers;
}

async function ask(client: KubeClient, step: Step, bodies: Map<string, any>): Promise<Answer> {
  const body = typeof step.body === 'function' ? step.body(bodies) : step.body;
  const path = typeof step.path === 'function' ? step.path(bodies) : step.path;
  const response = await client.open(step.method, path, {
    ...(body === undefined ? {} : { body }),
    ...(step.contentType ? { contentType: step.contentType } : {}),
    ...(step.accept ? { accept: step.accept } : {}),
    answerWithinMs: 60_000,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const isJson = String(response.headers['content-type']).includes('json');
  return { status: response.statusCode ?? 0, body: isJson && text !== '' ? parsed(text) : text };
}

/** A watch answers in lines, each an event. */
function parsed(text: string): unknown {
  if (!text.startsWith('{"type":')) return JSON.parse(text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Fields that differ from run to run say only that they are there. */
const unsteady = new Set([
  ...['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'time', 'selfLink', 'continue'],
  ...['clusterIP', 'clusterIPs', 'nodePort', 'healthCheckNodePort', 'lastTransitionTime', 'token'],
  ...['expirationTimestamp', 'remainingItemCount'],
]);

/** Of a refusal: its kind and the fields that it is about. Sentences are each server's own. */
const refusal = ({ status, reason, code, details }: any): any => ({
  status,
  reason,
  code,
  ...(details?.kind ? { of: `${details.kind} ${details.name ?? ''}` } : {}),
  causes: (details?.causes ?? []).map((one: any) => `${one.field}: ${one.reason}`).sort(),
});

const steady = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replaceAll(/:3[0-2]\d{3}\//g, ':<nodePort>/')
    .replace(/^kube-api-access-[a-z0-9]{5}$/, 'kube-api-access-<suffix>')
    .replace(/^10\.110\.\d+\.\d+$/, '<address>')
    .replace(/^\d+m?s$/, '<age>');

export function normalized(value: any): any {
  if (value?.kind === 'Status' && value.status === 'Failure') return refusal(value);
  if (Array.isArray(value)) return value.map(normalized);
  if (typeof value === 'string') return steady(value);
  if (value === null || typeof value !== 'object') return value;
  // What a column means is said in each server's own words.
  if (value.kind === 'Table') for (const column of value.columnDefinitions ?? []) delete column.description;
  // By name: two that wrote in the same second stand in no order.
  if (Array.isArray(value.managedFields))
    value.managedFields = Object.fromEntries(
      value.managedFields.map((one: any) => [
        [one.manager, one.operation, one.subresource].filter(Boolean).join(' '),
        one,
      ]),
    );
  for (const [key, inner] of Object.entries(value)) {
    const isUnset = inner === null || inner === '' || inner === 'None' || (Array.isArray(inner) && inner[0] === 'None');
    value[key] = unsteady.has(key) && !isUnset ? `<${key}>` : normalized(inner);
  }
  return value;
}

export interface Difference {
  /** scenario/step/path.in.the.answer */
  path: string;
  upstream: unknown;
  isthmus: unknown;
}

/** What the second answers other than the first. */
export function differences(
  scenario: Scenario,
  upstream: Map<string, Answer>,
  isthmus: Map<string, Answer>,
): Difference[] {
  const found: Difference[] = [];
  const compare = (path: string, one: any, other: any): void => {
    const bothObjects = [one, other].every((value) => value !== null && typeof value === 'object');
    if (bothObjects && Array.isArray(one) === Array.isArray(other))
      for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
        compare(`${path}.${key}`, one[key], other[key]);
    else if (one !== other) found.push({ path, upstream: one, isthmus: other });
  };
  for (const { name } of scenario.steps) compare(`${scenario.name}/${name}/`, upstream.get(name), isthmus.get(name));
  return found;
}
