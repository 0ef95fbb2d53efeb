/** The API as an OpenAPI document, made of the routes themselves: what is not served is not in it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Documented {
  summary: string;
  /** Name of the answer's type in src/console/api.ts, with `[]` where it is a list of them. */
  answer?: string;
  /** What the body is; without it there is none. */
  takes?: 'object' | 'token';
  /** Which parameters it takes. */
  query?: keyof typeof parameterSets;
  isStream?: boolean;
  /** Answers with another address. */
  isRedirect?: boolean;
}

const parameters = {
  clusters: ['names of clusters, comma-separated; without it all', 'string'],
  namespaces: ['names of namespaces, or cluster/namespace, comma-separated; without it all that may be seen', 'string'],
  namespace: ['the namespace', 'string'],
  clusterName: ['the cluster; needed where several have the object', 'string'],
  duration: ['range over which rates are taken, as in 30s, 10m, 1h; at most 24h; 10m without it', 'string'],
  queryTime: ['end of the range, in seconds since 1970; now without it', 'number'],
  step: ['seconds between points', 'number'],
  direction: ['inbound or outbound', 'string'],
  byLabels: ['labels of metrics by which series are split, comma-separated', 'string'],
  graphType: ['workload, app, versionedApp or service', 'string'],
  boxBy: ['cluster, namespace, app, comma-separated', 'string'],
  injectServiceNodes: ['a service between clients and workloads; true without it', 'boolean'],
  includeIdleEdges: ['also what has had no traffic', 'boolean'],
  responseTime: ['avg, 50, 95 or 99', 'string'],
  throughputType: ['request or response; without it throughput is not measured', 'string'],
  since: ['only newer events, in seconds since 1970', 'number'],
  limit: ['at most so many', 'number'],
  container: ["the container; without it the pod's default one", 'string'],
  tailLines: ['at most so many lines', 'number'],
  sinceTime: ['only later lines, in seconds since 1970', 'number'],
  from: ['the client: cluster/namespace/workload or pod', 'string'],
  to: ['host[:port][/path], as the client writes it', 'string'],
  method: ['HTTP method; GET without it', 'string'],
  headers: ['headers that the client sends, as in name=value, comma-separated', 'string'],
  type: ['app, service or workload: the answer in the form of Kiali as well', 'string'],
  dryRun: ['only show what would change', 'boolean'],
  page: ['path of the page to go on with', 'string'],
  code: ['what the identity provider gives for the ID token', 'string'],
  state: ['which sign-in it is', 'string'],
  error: ['why the identity provider refuses', 'string'],
} as const;

const bodies = {
  object: { 'application/yaml': { schema: { type: 'object' } }, 'application/json': { schema: { type: 'object' } } },
  token: {
    'application/x-www-form-urlencoded': {
      schema: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } },
    },
  },
} as const;

const rates = ['duration', 'queryTime'] as const;

export const parameterSets = {
  list: ['clusters', 'namespaces', ...rates],
  entity: ['clusterName', ...rates],
  health: ['clusters', 'namespaces', 'clusterName', 'type', ...rates],
  metrics: ['clusterName', 'clusters', 'namespaces', ...rates, 'step', 'direction', 'byLabels'],
  graph: [
    'clusters',
    'namespaces',
    'clusterName',
    ...rates,
    'graphType',
    'boxBy',
    'injectServiceNodes',
    'includeIdleEdges',
    'responseTime',
    'throughputType',
  ],
  events: ['clusters', 'namespaces', 'since', 'limit'],
  logs: ['clusterName', 'container', 'tailLines', 'sinceTime'],
  change: ['clusterName', 'dryRun'],
  places: ['clusters', 'namespaces'],
  place: ['clusterName', 'namespace'],
  kind: ['clusterName'],
  signIn: ['page'],
  callback: ['code', 'state', 'error'],
  explain: ['from', 'to', 'method', 'headers'],
} as const satisfies Record<string, readonly (keyof typeof parameters)[]>;

export interface DocumentedRoute {
  method: string;
  path: string;
  doc: Documented & { isOpen?: boolean };
}

export function openApi(routes: DocumentedRoute[], { version }: { version: string }): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, doc } of routes) {
    const schema = doc.answer ? schemaOf(doc.answer) : { type: 'object' };
    (paths[path] ??= {})[method.toLowerCase()] = {
      summary: doc.summary,
      operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
      ...(doc.isOpen ? { security: [] } : {}),
      parameters: [
        ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
          name,
          in: 'path',
          required: true,
          schema: { type: 'string' },
        })),
        ...(doc.query ? parameterSets[doc.query] : []).map((name) => ({
          name,
          in: 'query',
          description: parameters[name][0],
          schema: { type: parameters[name][1] },
        })),
      ],
      ...(doc.takes ? { requestBody: { required: true, content: bodies[doc.takes] } } : {}),
      responses: {
        ...(doc.isRedirect
          ? { 302: { description: doc.summary, headers: { location: { schema: { type: 'string' } } } } }
          : {
              200: {
                description: doc.summary,
                content: { [doc.isStream ? 'text/event-stream' : 'application/json']: { schema } },
              },
            }),
        default: {
          description: 'what went wrong',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ApiError' } } },
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Isthmus console',
      version,
      description: 'One view of a mesh of several clusters. Types are those of src/console/api.ts.',
    },
    security: [{ bearer: [] }, { session: [] }, {}],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'a token that one of the clusters knows' },
        session: { type: 'apiKey', in: 'cookie', name: 'isthmus-session' },
      },
      schemas: schemas(),
    },
  };
}

function schemaOf(answer: string): unknown {
  const items = { $ref: `#/components/schemas/${answer.replace('[]', '')}` };
  return answer.endsWith('[]') ? { type: 'array', items } : items;
}

/**
 * Schemas of src/console/api.ts as scripts/generate-api-schemas.ts has made them. There an object has the fields of its type and no others, by which
 * tests judge answers; who reads the API is to bear fields that come later.
 */
function schemas(): unknown {
  const text = readFileSync(join(import.meta.dirname, 'generated/api-schemas.json'), 'utf8');
  return JSON.parse(text, (key, value) => (key === 'additionalProperties' && value === false ? undefined : value));
}
