/** How the canvas draws nodes, boxes and edges. */
import type { StylesheetJson } from 'cytoscape';
import { palette } from '../common/palette.ts';
import type { Theme } from '../shell/theme.ts';

const font = 'RedHatText, "Red Hat Text", "Noto Sans", Arial, sans-serif';

export function graphStyle(theme: Theme, big: boolean): StylesheetJson {
  const colour = palette[theme];
  return [
    {
      selector: 'node',
      style: {
        'background-color': colour.node,
        'border-color': colour.nodeEdge,
        'border-width': 2,
        width: 40,
        height: 40,
        label: 'data(label)',
        color: colour.text,
        'font-family': font,
        'font-size': 13,
        'min-zoomed-font-size': 6,
        'text-valign': 'bottom',
        'text-margin-y': 5,
        'text-wrap': 'wrap',
        'text-background-color': colour.ground,
        'text-background-opacity': big ? 0 : 0.75,
        'text-background-padding': '2px',
        'text-background-shape': 'roundrectangle',
      },
    },
    { selector: '.service', style: { shape: 'round-triangle', height: 38 } },
    { selector: '.app', style: { shape: 'round-rectangle' } },
    { selector: '.gateway', style: { shape: 'round-hexagon', width: 44 } },
    { selector: '.service-entry', style: { shape: 'round-tag' } },
    { selector: '.unknown', style: { shape: 'round-octagon', 'border-style': 'dashed' } },
    { selector: '.tone-good', style: { 'border-color': colour.good } },
    { selector: '.tone-warn', style: { 'border-color': colour.warn, 'border-width': 4 } },
    { selector: '.tone-bad', style: { 'border-color': colour.bad, 'border-width': 4, 'background-color': colour.bad } },
    { selector: '.faint', style: { 'border-style': 'dashed', 'border-color': colour.idle, color: colour.quiet } },
    {
      selector: '.folded',
      style: {
        shape: 'round-rectangle',
        width: 'data(width)',
        height: 44,
        'background-color': colour.box,
        'text-valign': 'center',
        'text-margin-y': 0,
        'text-background-opacity': 0,
        'font-weight': 'bold',
        'border-style': 'double',
        'border-width': 4,
      },
    },
    { selector: '.folded.tone-none', style: { 'border-color': colour.nodeEdge } },
    ...boxStyle(theme),
    {
      selector: 'edge',
      style: {
        'curve-style': big ? 'straight' : 'bezier',
        'control-point-step-size': 46,
        width: 'data(width)',
        'target-arrow-shape': 'triangle',
        'arrow-scale': 0.9,
        label: 'data(label)',
        color: colour.text,
        'font-family': font,
        'font-size': 12,
        'min-zoomed-font-size': 7,
        'text-wrap': 'wrap',
        'text-background-color': colour.ground,
        'text-background-opacity': 0.9,
        'text-background-padding': '2px',
        'text-background-shape': 'roundrectangle',
        'line-opacity': big ? 0.35 : 0.85,
      },
    },
    {
      selector: 'edge.cross[offset]',
      style: { label: '', 'source-label': 'data(label)', 'source-text-offset': 'data(offset)' as never },
    },
    ...(['good', 'warn', 'bad', 'idle', 'tcp'] as const).map((tone) => ({
      selector: `edge.tone-${tone}`,
      style: { 'line-color': colour[tone], 'target-arrow-color': colour[tone] },
    })),
    { selector: 'edge.tone-idle', style: { 'line-style': 'dotted' } },
    {
      selector: 'edge.broken',
      style: {
        'line-style': 'dashed',
        'line-color': colour.bad,
        'target-arrow-color': colour.bad,
        'target-arrow-shape': 'tee',
      },
    },
    { selector: '.dim', style: { opacity: 0.18 } },
    { selector: 'node.box.dim', style: { opacity: 0.6 } },
    { selector: '.hidden', style: { display: 'none' } },
    {
      selector: '.found',
      style: { 'underlay-color': colour.select, 'underlay-opacity': 0.35, 'underlay-padding': 7 },
    },
    {
      selector: ':selected',
      style: { 'underlay-color': colour.select, 'underlay-opacity': 0.45, 'underlay-padding': 8 },
    },
  ];
}

function boxStyle(theme: Theme): StylesheetJson {
  const colour = palette[theme];
  return [
    {
      selector: '.box',
      style: {
        shape: 'round-rectangle',
        'background-color': colour.box,
        'background-opacity': 1,
        'border-color': colour.boxEdge,
        'border-width': 1,
        padding: '24px',
        'text-valign': 'top',
        'text-halign': 'center',
        'text-margin-y': -4,
        'font-size': 15,
        'font-weight': 'bold',
        'min-zoomed-font-size': 5,
        'text-background-opacity': 1,
        'text-background-color': colour.boxEdge,
        'text-background-padding': '4px',
        color: colour.text,
      },
    },
    { selector: '.box-cluster', style: { 'border-width': 2, 'font-size': 18, 'border-color': colour.info } },
    { selector: '.box-namespace, .box-app', style: { 'background-color': colour.boxInner } },
    {
      selector: '.box.unreachable',
      style: {
        'border-color': colour.bad,
        'border-style': 'dashed',
        'border-width': 3,
        'text-background-color': colour.ground,
        color: colour.bad,
      },
    },
  ];
}
