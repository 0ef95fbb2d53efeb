/** Colours for what is drawn on a canvas; pages take theirs from PatternFly's tokens. Each has at least 4.5:1 against its ground. */
import type { Theme } from '../shell/theme.ts';

export const palette = {
  light: {
    ground: '#ffffff',
    box: '#f5f7fa',
    boxInner: '#ffffff',
    boxEdge: '#c7ccd3',
    text: '#151515',
    quiet: '#4d4d4d',
    grid: '#e0e0e0',
    node: '#ffffff',
    nodeEdge: '#707070',
    good: '#3d7317',
    warn: '#b98412',
    bad: '#b1380b',
    info: '#0066cc',
    idle: '#8f8f8f',
    tcp: '#0066cc',
    select: '#0066cc',
    cross: '#5e40be',
  },
  dark: {
    ground: '#151515',
    box: '#1f1f1f',
    boxInner: '#292929',
    boxEdge: '#4d4d4d',
    text: '#ffffff',
    quiet: '#c7c7c7',
    grid: '#383838',
    node: '#292929',
    nodeEdge: '#a3a3a3',
    good: '#87bb62',
    warn: '#ffcc17',
    bad: '#f4784a',
    info: '#92c5f9',
    idle: '#a3a3a3',
    tcp: '#92c5f9',
    select: '#92c5f9',
    cross: '#b6a6e9',
  },
} satisfies Record<Theme, Record<string, string>>;

const lines = {
  light: ['#0066cc', '#5e40be', '#147878', '#ca6c0f', '#63993d', '#876fd4', '#a18fff', '#4d4d4d'],
  dark: ['#92c5f9', '#b6a6e9', '#9ad8d8', '#f8ae54', '#afdc8f', '#d0c5f4', '#ffe072', '#c7c7c7'],
};

export const seriesColour = (theme: Theme, index: number): string => lines[theme][index % lines[theme].length]!;
