/** The neighbours of one entity as a small graph. */
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { useLocation } from 'wouter';
import type { Graph } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Answer } from '../common/answer.tsx';
import { later } from '../common/later.tsx';
import type { EdgeLabelKind } from '../graph/measures.ts';
import { type EntityKey, entityHref, useScoped } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';

const GraphCanvas = later(async () => (await import('../graph/canvas.tsx')).GraphCanvas);

const labels: EdgeLabelKind[] = ['rate'];
const marks = { hidden: new Set<string>(), found: new Set<string>() };

export function MiniGraph({ kind, entity }: { kind: 'workloads' | 'applications' | 'services'; entity: EntityKey }) {
  const { scope } = useScope();
  const [, navigate] = useLocation();
  const href = useScoped();
  const graph = useApi<Graph>(
    `${entityPath(entity.namespace, kind, entity.name)}/graph`,
    {
      clusterName: entity.cluster,
      duration: `${scope.duration}s`,
      graphType: kind === 'applications' ? 'versionedApp' : 'workload',
      boxBy: 'cluster,namespace',
      injectServiceNodes: true,
    },
    ['traffic', 'health'],
  );
  const open = (id: string | undefined): void => {
    const node = graph.data?.elements.nodes.find(({ data }) => data.id === id)?.data;
    if (!node || node.isBox || node.isInaccessible) return;
    const { cluster, namespace } = node;
    if (node.workload) navigate(href(entityHref('workloads', { cluster, namespace, name: node.workload })));
    else if (node.app) navigate(href(entityHref('applications', { cluster, namespace, name: node.app })));
    else if (node.service) navigate(href(entityHref('services', { cluster, namespace, name: node.service })));
  };
  return (
    <Card>
      <CardTitle component="h2">Neighbours</CardTitle>
      <CardBody className="ist-mini-graph">
        <Answer of={graph}>
          {(data) =>
            data.elements.nodes.length === 0 ? (
              <p className="ist-quiet">No traffic in this range of time.</p>
            ) : (
              <GraphCanvas
                graph={data}
                labels={labels}
                marks={marks}
                selected={undefined}
                animated
                badges
                onSelect={open}
              />
            )
          }
        </Answer>
      </CardBody>
    </Card>
  );
}
