/** All routes, each with what the OpenAPI document says of it. */
import type { Asked, ConsoleContext } from './context.ts';
import { type ApiRequest, answered, Router } from './http.ts';
import { type Documented, type DocumentedRoute, openApi } from './openapi.ts';
import { addAbout } from './routes/about.ts';
import { addConfig } from './routes/config.ts';
import { addConfigChange } from './routes/config-change.ts';
import { addDoctor } from './routes/doctor.ts';
import { addExplain } from './routes/explain.ts';
import { addLists } from './routes/lists.ts';
import { addMesh } from './routes/mesh.ts';
import { addOpenId } from './routes/openid.ts';
import { addPods } from './routes/pods.ts';
import { localViewer } from './viewer.ts';

export interface RouteDoc extends Documented {
  /** Also for who has not signed in. */
  isOpen?: boolean;
}

export type AddRoute = (
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  doc: RouteDoc,
  handler: (asked: Asked) => unknown,
) => void;

/** The routes, and what is documented of each. */
export function routesOf(context: ConsoleContext): { router: Router; documented: DocumentedRoute[] } {
  const router = new Router();
  const documented: DocumentedRoute[] = [];
  const add: AddRoute = (method, path, doc, handler) => {
    documented.push({ method, path, doc });
    router.add(method, path, async (request: ApiRequest) => {
      const viewer = doc.isOpen ? localViewer : await context.auth.viewerOf(request.raw);
      return handler({ ...request, viewer, query: request.url.searchParams });
    });
  };
  addAbout(add, context);
  if (context.openId) addOpenId(add, context.auth, context.openId);
  addMesh(add, context);
  addLists(add, context);
  addPods(add, context);
  addConfig(add, context);
  addConfigChange(add, context);
  addExplain(add, context);
  addDoctor(add, context);
  add(
    'GET',
    '/api/events/stream',
    { summary: 'what changes, as server-sent events', answer: 'StreamMessage', isStream: true },
    ({ raw, response, viewer }) => {
      const isSignedIn = () =>
        context.auth.viewerOf(raw).then(
          () => true,
          () => false,
        );
      context.stream.open(raw, response, viewer, isSignedIn);
      return answered;
    },
  );
  add('GET', '/api/openapi.json', { summary: 'this document', isOpen: true }, () => openApi(documented, context));
  return { router, documented };
}
