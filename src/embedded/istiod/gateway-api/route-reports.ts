/** What is said of a route, once for each of its parents, whichever of the parent's listeners it is about. */
import type { KubeObject } from '../../../kube/index.ts';
import type { Attachment } from './parents.ts';
import type { RouteParts } from './routes.ts';
import { type Conditions, fails, holds, type ParentReport, type Problem } from './types.ts';

/** Of several listeners' refusals the one that came nearest is told. */
const nearness = ['NotAllowedByListeners', 'NoMatchingListenerHostname', 'NoMatchingParent'];

export function parentReports(route: KubeObject, { attachments, gateway, mesh }: RouteParts): ParentReport[] {
  return (route['spec'].parentRefs ?? []).flatMap((parentRef: any): ParentReport[] => {
    const mine = attachments.filter((one) => one.parentRef === parentRef);
    // A parent that is not there, or not ours: nobody knows whose it is.
    if (mine.length === 0) return [];
    const problem = (mine[0]!.listener ? gateway : mesh).problem;
    return [{ parentRef, conditions: conditionsOf(mine, problem) }];
  });
}

function conditionsOf(attachments: Attachment[], problem: Problem | undefined): Conditions {
  const bound = attachments.filter(({ denied }) => !denied).length;
  const [refusal] = attachments
    .flatMap(({ denied }) => denied ?? [])
    .sort((a, b) => nearness.indexOf(a.reason) - nearness.indexOf(b.reason));
  const message = bound > 1 ? `Route was valid, bound to ${bound} parents` : 'Route was valid';
  return {
    Accepted: bound === 0 && refusal ? fails(refusal) : holds('Accepted', message),
    ResolvedRefs: problem ? fails(problem) : holds('ResolvedRefs', 'All references resolved'),
  };
}
