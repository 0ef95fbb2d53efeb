/** The traffic graph over all clusters. */
import { Button, Drawer, DrawerContent, DrawerContentBody } from '@patternfly/react-core';
import { useMemo, useState } from 'react';
import type { Graph } from '../../api.ts';
import { useApi } from '../api/queries.ts';
import { Answer, Frame, Nothing, Problems } from '../common/answer.tsx';
import { durationText } from '../common/format.ts';
import { useNarrow } from '../shell/media.ts';
import { useParam, useScope } from '../shell/scope.ts';
import { GraphCanvas } from './canvas.tsx';
import { boxKey, fold } from './fold.ts';
import { GraphTable } from './graph-table.tsx';
import { Legend } from './legend.tsx';
import { findMarks, marksOn } from './marks.ts';
import { Replay } from './replay.tsx';
import { graphParams, useGraphSettings } from './settings.ts';
import { SidePanel } from './side-panel.tsx';
import { GraphActions, GraphToolbar } from './toolbar.tsx';

export function GraphPage() {
  const { scope } = useScope();
  const settings = useGraphSettings();
  const [find] = useParam('find');
  const [hide] = useParam('hide');
  const [focus, setFocus] = useParam('focus');
  const [table, setTable] = useState(false);
  // What is of the past does not change with the traffic of now.
  const graph = useApi<Graph>(
    'namespaces/graph',
    graphParams(scope, settings),
    settings.at === undefined ? ['traffic', 'health', 'workloads', 'services', 'config', 'mesh'] : [],
  );
  const narrow = useNarrow();
  const [toggled, setToggled] = useParam('toggled');
  const folded = useMemo(
    () => graph.data && fold(graph.data, settings.fold, settings.toggled),
    [graph.data, settings.fold, settings.toggled],
  );
  const marks = useMemo(() => marksOn(folded, findMarks(graph.data, find, hide)), [graph.data, folded, find, hide]);
  const toggle = (id: string): void => {
    const box = graph.data?.elements.nodes.find(({ data }) => data.id === id)?.data;
    if (box?.isBox !== 'cluster' && box?.isBox !== 'namespace') return;
    const [key, all] = [boxKey(box), toggled.split(',').filter(Boolean)];
    setToggled((all.includes(key) ? all.filter((one) => one !== key) : [...all, key]).join(','));
  };
  const selected = focus || undefined;
  const shown = (data: Graph): Graph => folded?.graph ?? data;
  return (
    <Frame
      title="Traffic graph"
      name="Traffic graph"
      description={`Requests of the last ${durationText(scope.duration)}${settings.at === undefined ? '' : ' before the moment that is shown'}`}
      actions={<GraphActions at={settings.at} table={table} onTable={setTable} />}
      isFilled
    >
      <GraphToolbar settings={settings} mistakes={marks.mistakes} />
      {settings.at !== undefined && <Replay at={settings.at} waiting={graph.isFetching} />}
      <Answer of={graph}>
        {(data) => (
          <>
            <Problems problems={data.problems} />
            <Drawer isExpanded isInline position={narrow ? 'bottom' : 'end'} className="ist-graph-drawer">
              <DrawerContent
                panelContent={
                  <SidePanel
                    whole={data}
                    graph={shown(data)}
                    selected={selected}
                    onSelect={(id) => setFocus(id ?? '')}
                    onToggle={toggle}
                  />
                }
              >
                <DrawerContentBody className="ist-graph-body">
                  {table ? (
                    <GraphTable graph={shown(data)} hidden={marks.marks.hidden} onSelect={setFocus} />
                  ) : data.elements.nodes.length === 0 ? (
                    <Nothing title="No traffic in this range of time">
                      Choose more namespaces or a longer range, or show idle nodes.
                      <br />
                      <ShowIdle />
                    </Nothing>
                  ) : (
                    <>
                      <GraphCanvas
                        graph={shown(data)}
                        labels={settings.labels}
                        marks={marks.marks}
                        selected={selected}
                        animated={settings.display.includes('animation')}
                        badges={settings.display.includes('badges')}
                        onSelect={(id) => setFocus(id ?? '')}
                        onToggle={toggle}
                      />
                      <Legend />
                    </>
                  )}
                </DrawerContentBody>
              </DrawerContent>
            </Drawer>
          </>
        )}
      </Answer>
    </Frame>
  );
}

function ShowIdle() {
  const [display, setDisplay] = useParam('display', 'services,animation,badges');
  return (
    <Button variant="link" onClick={() => setDisplay(`${display},idle`)}>
      Show idle nodes
    </Button>
  );
}
