/** Why a request goes where it goes. */
import { explain } from '../../../observe/index.ts';
import type { ConsoleContext } from '../context.ts';
import { badRequest } from '../http.ts';
import { listOf } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';

const answerWithinMs = 30_000;

export function addExplain(add: AddRoute, { observer }: ConsoleContext): void {
  add(
    'GET',
    '/api/explain',
    { summary: 'the way of a request, and the object that decides each step', answer: 'Explanation', query: 'explain' },
    ({ query, viewer }) => {
      const from = query.get('from');
      const to = query.get('to');
      if (!from || !to)
        throw badRequest('from and to are needed', 'as in from=east/sample/curl and to=helloworld.sample:5000/hello');
      const headers = Object.fromEntries(
        (listOf(query, 'headers') ?? []).map((one) => [
          one.slice(0, one.indexOf('=')),
          one.slice(one.indexOf('=') + 1),
        ]),
      );
      return explain({
        // Read in the viewer's own name, so that it tells nobody what they could not read themselves.
        clusters: observer.clusters
          .filter((one) => one.api.reachable)
          .map((one) => ({ name: one.name, client: viewer.clientFor(one) })),
        from,
        to,
        method: query.get('method') ?? undefined,
        headers,
        signal: AbortSignal.timeout(answerWithinMs),
      });
    },
  );
}
