/** The graph of a moment of the past hour, and its run from there to now. */
import { Button, Slider } from '@patternfly/react-core';
import PauseIcon from '@patternfly/react-icons/dist/esm/icons/pause-icon';
import PlayIcon from '@patternfly/react-icons/dist/esm/icons/play-icon';
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon';
import { useEffect, useState } from 'react';
import { timeOf } from '../common/format.ts';
import { useParam } from '../shell/scope.ts';

const range = 3600;
/** Seconds of the past that one step of the run covers. */
const step = 20;
const stepMs = 1000;

export function Replay({ at, waiting }: { at: number; waiting: boolean }) {
  const [, setAt] = useParam('at');
  const [running, setRunning] = useState(false);
  const [end] = useState(() => Math.floor(Date.now() / 1000));
  const begin = end - range;

  useEffect(() => {
    // The next moment is shown only when the last one was: a slow answer slows the run and loses nothing.
    if (!running || waiting) return;
    if (at >= end) {
      setRunning(false);
      return;
    }
    const timer = setTimeout(() => setAt(String(Math.min(end, at + step))), stepMs);
    return () => clearTimeout(timer);
  }, [running, waiting, at, end, setAt]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has a look of its own.
    <div className="ist-replay" role="group" aria-label="Replay of the past hour">
      <Button
        variant="plain"
        icon={running ? <PauseIcon /> : <PlayIcon />}
        aria-label={running ? 'Stop the replay' : 'Run the replay'}
        onClick={() => setRunning(!running)}
      />
      <Slider
        className="ist-replay-slider"
        thumbAriaLabel="Moment of the past hour"
        min={begin}
        max={end}
        step={10}
        value={at}
        showBoundaries={false}
        onChange={(_event, value) => setAt(String(Math.round(value)))}
      />
      <strong className="ist-replay-time">{timeOf(at * 1000)}</strong>
      <Button variant="plain" icon={<TimesIcon />} aria-label="Back to now" onClick={() => setAt('')} />
    </div>
  );
}
