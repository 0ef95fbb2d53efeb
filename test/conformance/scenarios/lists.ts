/** Lists page by page and by selectors, and what watches tell. */
import type { Scenario, Step } from '../exchange.ts';

const path = '/api/v1/namespaces/lists/configmaps';
const make = (name: string, labels: Record<string, string>): Step => ({
  name: `create ${name}`,
  method: 'POST',
  path,
  body: { metadata: { name, labels }, data: { a: '1' } },
});
const patch = (name: string, target: string, body: unknown): Step => ({
  name,
  method: 'PATCH',
  path: `${path}/${target}`,
  contentType: 'application/merge-patch+json',
  body,
});
const list = (name: string, query: string, accept?: string): Step => ({
  name,
  method: 'GET',
  path: `${path}?${query}`,
  ...(accept ? { accept } : {}),
});
/** From the state that an earlier list has shown, for one second. */
const watch = (name: string, query: string, since = 'all', accept?: string): Step => ({
  name,
  method: 'GET',
  path: (answers) =>
    `${path}?watch=true&timeoutSeconds=1&resourceVersion=${answers.get(since).metadata.resourceVersion}&${query}`,
  ...(accept ? { accept } : {}),
});
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export const lists: Scenario = {
  name: 'lists and watches',
  steps: [
    { name: 'namespace', method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'lists' } } },
    make('one', { app: 'a', tier: 'front' }),
    make('two', { app: 'b' }),
    make('three', { app: 'a' }),
    list('all', ''),
    list('first page', 'limit=2'),
    {
      name: 'second page',
      method: 'GET',
      path: (answers) => `${path}?limit=2&continue=${encodeURIComponent(answers.get('first page').metadata.continue)}`,
    },
    list('a page that is none', 'limit=2&continue=none'),
    list('by label', 'labelSelector=app%3Da'),
    list('by two labels', 'labelSelector=app%3Da,tier'),
    list('without a label', 'labelSelector=!tier'),
    list('by another value', 'labelSelector=app!%3Da'),
    list('by a set', 'labelSelector=app+in+(a,c)'),
    list('by what is not in a set', 'labelSelector=app+notin+(a,c)'),
    list('by nonsense', 'labelSelector=app+among+(a)'),
    list('by a bad key', 'labelSelector=a/b/c%3Dd'),
    list('by name', 'fieldSelector=metadata.name%3Dtwo'),
    list('by namespace', 'fieldSelector=metadata.namespace!%3Dlists'),
    list('by a field that is none', 'fieldSelector=data.a%3D1'),
    list('at a version', 'resourceVersion=0'),
    list('at no version', 'resourceVersion=x'),
    list('at a version to come', 'resourceVersion=99999999999&timeoutSeconds=1'),
    list('at a version without a match', 'resourceVersionMatch=Exact'),
    list('with an unknown match', 'resourceVersion=1&resourceVersionMatch=Some'),
    list('metadata only', 'limit=1', 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'),
    list('a table', 'limit=1', 'application/json;as=Table;g=meta.k8s.io;v=v1'),
    list('a table without objects', 'limit=1&includeObject=None', 'application/json;as=Table;g=meta.k8s.io;v=v1'),
    { name: 'of all namespaces', method: 'GET', path: '/api/v1/configmaps?labelSelector=app%3Db' },
    list('of an unknown form', '', 'text/html'),
    patch('change', 'one', { data: { a: '2' } }),
    patch('leave the selection', 'three', { metadata: { labels: { app: 'c' } } }),
    patch('enter the selection', 'two', { metadata: { labels: { app: 'a' } } }),
    { name: 'delete', method: 'DELETE', path: `${path}/one` },
    watch('all changes', ''),
    watch('changes of a selection', 'labelSelector=app%3Da'),
    watch('changes of one', 'fieldSelector=metadata.name%3Dthree'),
    watch('changes of metadata', '', 'all', metadataOnly),
    watch('changes as a table', 'includeObject=None', 'all', 'application/json;as=Table;g=meta.k8s.io;v=v1'),
    list('all now', ''),
    watch('no changes', '', 'all now'),
    { name: 'from the beginning', method: 'GET', path: `${path}?watch=true&timeoutSeconds=1` },
    {
      name: 'as a list',
      method: 'GET',
      path: `${path}?watch=true&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    },
    {
      name: 'as a list without a match',
      method: 'GET',
      path: `${path}?watch=true&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true`,
    },
    { name: 'from no version', method: 'GET', path: `${path}?watch=true&timeoutSeconds=1&resourceVersion=x` },
    { name: 'of one by its path', method: 'GET', path: `${path}/two?watch=true&timeoutSeconds=1` },
    { name: 'in the old way', method: 'GET', path: '/api/v1/watch/namespaces/lists/configmaps?timeoutSeconds=1' },
    { name: 'delete some', method: 'DELETE', path: `${path}?labelSelector=app%3Dc` },
    list('what is left', ''),
    { name: 'delete all', method: 'DELETE', path },
    list('nothing left', ''),
  ],
};
