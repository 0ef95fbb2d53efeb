/** Logs of a pod's containers, asked again while one looks. */
import { SearchInput, Switch, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { PodLogs, PodView } from '../../api.ts';
import { entityPath, getJson } from '../api/client.ts';
import { Answer, Nothing } from '../common/answer.tsx';
import { timeOf } from '../common/format.ts';
import { ChoiceMenu } from '../common/menus.tsx';
import { useParam } from '../shell/scope.ts';

const followMs = 3000;

export function LogsTab({ pods }: { pods: PodView[] }) {
  const [podName, setPod] = useParam('pod', pods[0]?.name ?? '');
  const pod = pods.find((one) => one.name === podName) ?? pods[0];
  const usual =
    pod?.containers.find((container) => !container.isInit && !container.isProxy)?.name ??
    pod?.containers[0]?.name ??
    '';
  const [container, setContainer] = useParam('container', usual);
  const [lines, setLines] = useParam('lines', '200');
  const [find, setFind] = useState('');
  const [follow, setFollow] = useState(true);
  const logs = useQuery({
    queryKey: ['logs', pod?.cluster, pod?.namespace, pod?.name, container, lines],
    queryFn: ({ signal }) =>
      getJson<PodLogs>(
        `${entityPath(pod?.namespace ?? '', 'pods', pod?.name ?? '')}/logs`,
        { clusterName: pod?.cluster, container, tailLines: lines },
        signal,
      ),
    enabled: pod !== undefined,
    refetchInterval: follow ? followMs : false,
  });
  if (!pod) return <Nothing title="No pods, no logs" />;
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ChoiceMenu
            label="Pod"
            chosen={pod.name}
            onChange={setPod}
            options={pods.map(({ name }) => ({ value: name, text: name }))}
          />
          <ChoiceMenu
            label="Container"
            chosen={container}
            onChange={setContainer}
            options={pod.containers.map((one) => ({
              value: one.name,
              text: one.name,
              description: one.isProxy ? 'proxy' : one.isInit ? 'init' : '',
            }))}
          />
          <ChoiceMenu
            label="Lines"
            chosen={lines}
            onChange={setLines}
            options={['50', '200', '1000', '5000'].map((count) => ({ value: count, text: `Last ${count} lines` }))}
          />
          <ToolbarItem>
            <SearchInput
              value={find}
              placeholder="Find"
              aria-label="Find in the logs"
              onChange={(_event, text) => setFind(text)}
              onClear={() => setFind('')}
            />
          </ToolbarItem>
          <ToolbarItem>
            <Switch label="Follow" isChecked={follow} onChange={(_event, on) => setFollow(on)} />
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Answer of={logs}>{(data) => <Lines logs={data} find={find} follow={follow} />}</Answer>
    </>
  );
}

function Lines({ logs, find, follow }: { logs: PodLogs; find: string; follow: boolean }) {
  const end = useRef<HTMLDivElement>(null);
  const shown = logs.entries.filter((entry) => entry.message.toLowerCase().includes(find.toLowerCase()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: goes to the end when there are new lines.
  useEffect(() => {
    if (follow && end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [logs, follow]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <div ref={end} className="ist-log" role="log" aria-label="Lines of the log" tabIndex={0}>
      {logs.linesTruncated && <p className="ist-quiet">Older lines are left out.</p>}
      {shown.length === 0 && <p className="ist-quiet">No lines.</p>}
      {shown.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names, and two may be the same.
        <div key={index} className={`ist-log-line ist-log-${entry.severity ?? 'INFO'}`}>
          {entry.timestamp && <time dateTime={entry.timestamp}>{timeOf(entry.timestamp)}</time>}
          <span>{entry.message}</span>
        </div>
      ))}
    </div>
  );
}
