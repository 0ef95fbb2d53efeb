/** A chart over time. Drawn by uPlot on a canvas, with the same numbers in a table for those who cannot see it. */
import { useEffect, useId, useRef, useState } from 'react';
import uPlot from 'uplot';
import { useTheme } from '../shell/theme.ts';
import { timeOf } from './format.ts';
import { palette, seriesColour } from './palette.ts';

export interface Series {
  name: string;
  /** Seconds since 1970, value. */
  points: [number, number][];
  /** Something is wrong: drawn red. */
  bad?: boolean;
}

export interface Marker {
  /** Seconds since 1970. */
  time: number;
  bad: boolean;
}

interface ChartProps {
  title: string;
  series: Series[];
  format: (value: number) => string;
  height?: number;
  markers?: Marker[];
  /** Called with seconds since 1970 when a moment is clicked. */
  onPick?: (time: number) => void;
}

export function Chart({ title, series, format, height = 180, markers = [], onPick }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const theme = useTheme();
  const id = useId();
  const [width, setWidth] = useState(0);
  const now = useRef({ format, markers, onPick });
  now.current = { format, markers, onPick };
  const names = series.map((one) => one.name).join('\n');
  const data = aligned(series);

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew only when its lines, look or size change; new values are set below.
  useEffect(() => {
    if (!holder.current || width === 0) return;
    const chart = new uPlot(
      options({ series, theme, width, height, now: () => now.current }),
      data as uPlot.AlignedData,
      holder.current,
    );
    plot.current = chart;
    return () => chart.destroy();
  }, [names, theme, width, height]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  }, [data]);

  const empty = series.every((one) => one.points.length === 0);
  return (
    <figure className="ist-chart" aria-labelledby={id}>
      <figcaption id={id}>{title}</figcaption>
      {empty && <p className="ist-chart-empty">No series in this range of time.</p>}
      <div ref={holder} aria-hidden="true" className={empty ? 'ist-hidden' : undefined} />
      <table className="pf-v6-screen-reader">
        <caption>{title}, newest values</caption>
        <tbody>
          {series.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name}</th>
              <td>{one.points.length > 0 ? format(one.points.at(-1)![1]) : 'none'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

/** uPlot wants one list of times for all series; where one has no value at a time the line has a gap. */
export function aligned(series: Series[]): (number | null)[][] {
  const times = [...new Set(series.flatMap((one) => one.points.map(([time]) => time)))].sort((a, b) => a - b);
  const columns = series.map((one) => {
    const values = new Map(one.points);
    return times.map((time) => {
      const value = values.get(time);
      return value === undefined || !Number.isFinite(value) ? null : value;
    });
  });
  return [times, ...columns];
}

interface OptionsInput {
  series: Series[];
  theme: 'light' | 'dark';
  width: number;
  height: number;
  now: () => { format: (value: number) => string; markers: Marker[]; onPick: ((time: number) => void) | undefined };
}

function options({ series, theme, width, height, now }: OptionsInput): uPlot.Options {
  const colours = palette[theme];
  const axis: uPlot.Axis = { stroke: colours.quiet, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        values: (_plot, times, _axis, _space, step) =>
          times.map((time) => timeOf(time * 1000).slice(0, step < 60 ? undefined : 5)),
      },
      { ...axis, size: 64, values: (_plot, values) => values.map((value) => now().format(value)) },
    ],
    series: [
      { label: 'Time', value: (_plot, time) => (time === null ? '–' : timeOf(time * 1000)) },
      ...(series.map((one, index) => ({
        label: one.name,
        stroke: one.bad ? colours.bad : seriesColour(theme, index),
        fill: series.length === 1 ? `${one.bad ? colours.bad : seriesColour(theme, index)}22` : undefined,
        width: 1.75,
        points: { show: one.points.length < 3 },
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : now().format(value)),
      })) as uPlot.Series[]),
    ],
    hooks: {
      setCursor: [showNewest],
      draw: [(plot) => drawMarkers(plot, now().markers, colours), showNewest],
      ready: [
        (plot) =>
          plot.over.addEventListener('click', () => {
            if (plot.cursor.left !== undefined && plot.cursor.left >= 0)
              now().onPick?.(plot.posToVal(plot.cursor.left, 'x'));
          }),
      ],
    },
  };
}

/** Where no moment is pointed at the legend tells of the newest. */
function showNewest(plot: uPlot): void {
  const newest = plot.data[0].length - 1;
  if ((plot.cursor.idx ?? null) === null && newest >= 0) plot.setLegend({ idx: newest }, false);
}

function drawMarkers(plot: uPlot, markers: Marker[], colours: { bad: string; quiet: string }): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 1.5;
  for (const marker of markers) {
    const x = plot.valToPos(marker.time, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = marker.bad ? colours.bad : colours.quiet;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
