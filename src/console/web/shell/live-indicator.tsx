import { Button, Tooltip } from '@patternfly/react-core';
import PauseIcon from '@patternfly/react-icons/dist/esm/icons/pause-icon';
import PlayIcon from '@patternfly/react-icons/dist/esm/icons/play-icon';
import { useIsFetching } from '@tanstack/react-query';
import { type LiveUpdates, useLive } from '../api/live.ts';
import { timeOf } from '../common/format.ts';

const words = { connecting: 'Connecting', live: 'Live', paused: 'Paused', lost: 'Connection lost' };

/** Whether what is seen is of now, and the switch that holds it still. */
export function LiveIndicator({ live }: { live: LiveUpdates }) {
  const state = useLive(live);
  const asking = useIsFetching() > 0;
  const paused = state.phase === 'paused';
  const told =
    state.phase === 'lost' && state.since !== undefined
      ? `The console has not answered since ${timeOf(state.since)}; it is tried again.`
      : paused
        ? 'The pages show what was known when they were paused.'
        : 'Changes are shown as they happen.';
  return (
    <span className="ist-live">
      <Tooltip content={told}>
        <span className={`ist-live-state ist-live-${state.phase}`} role="status">
          <span className={asking ? 'ist-dot ist-dot-asking' : 'ist-dot'} aria-hidden="true" />
          {words[state.phase]}
        </span>
      </Tooltip>
      <Button
        variant="plain"
        aria-label={paused ? 'Go on with live updates' : 'Pause live updates'}
        icon={paused ? <PlayIcon /> : <PauseIcon />}
        onClick={() => (paused ? live.resume() : live.pause())}
      />
    </span>
  );
}
