/**
 * CodeMirror as these pages use it. It stands in a shadow root: there its style sheets are adopted, while in the document they would be
 * style elements, which the content security policy forbids.
 */
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { foldGutter, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { palette } from '../common/palette.ts';
import type { Theme } from '../shell/theme.ts';
import { completeBy } from './completion.ts';
import type { Schema } from './schema-path.ts';

export interface EditorOptions {
  text: string;
  label: string;
  theme: Theme;
  readOnly: boolean;
  schema?: Schema | undefined;
  /** Shows how the text differs from this one. */
  original?: string | undefined;
  onChange?: ((text: string) => void) | undefined;
}

export function makeEditor(host: HTMLElement, options: EditorOptions): EditorView {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  return new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: options.text, extensions: extensions(options) }),
  });
}

/** Puts marks beside the lines that findings are of. */
export function showFindings(view: EditorView, findings: Diagnostic[]): void {
  const end = view.state.doc.length;
  const inside = findings.map((one) => ({ ...one, from: Math.min(one.from, end), to: Math.min(one.to, end) }));
  view.dispatch(setDiagnostics(view.state, inside));
}

function extensions({ label, theme, readOnly, schema, original, onChange }: EditorOptions): Extension[] {
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    drawSelection(),
    yaml(),
    syntaxHighlighting(highlight(theme)),
    look(theme),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      'aria-label': label,
      ...(readOnly ? { tabindex: '0', 'aria-readonly': 'true' } : {}),
    }),
    EditorState.readOnly.of(readOnly),
    EditorView.editable.of(!readOnly),
    ...(readOnly
      ? []
      : [
          history(),
          indentOnInput(),
          highlightActiveLine(),
          keymap.of([...completionKeymap, indentWithTab, ...historyKeymap]),
        ]),
    keymap.of(defaultKeymap),
    ...(schema && !readOnly ? [autocompletion({ override: [completeBy(schema)], icons: false })] : []),
    ...(original === undefined
      ? []
      : [unifiedMergeView({ original, mergeControls: false, gutter: true, collapseUnchanged: {} })]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onChange?.(update.state.doc.toString());
    }),
  ];
}

function highlight(theme: Theme): HighlightStyle {
  const [key, text, number] = theme === 'dark' ? ['#92c5f9', '#afdc8f', '#f8ae54'] : ['#004d99', '#3d7317', '#8a4500'];
  return HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: key! },
    { tag: [tags.string, tags.content], color: text! },
    { tag: [tags.number, tags.bool, tags.null], color: number! },
    { tag: tags.comment, color: palette[theme].quiet, fontStyle: 'italic' },
  ]);
}

function look(theme: Theme): Extension {
  const colour = palette[theme];
  return EditorView.theme(
    {
      '&': { backgroundColor: colour.ground, color: colour.text, fontSize: '13px', height: '100%' },
      '.cm-scroller': { fontFamily: '"Red Hat Mono", RedHatMono, monospace', overflow: 'auto' },
      '.cm-gutters': { backgroundColor: colour.box, color: colour.quiet, border: 'none' },
      '.cm-activeLine': { backgroundColor: theme === 'dark' ? '#ffffff12' : '#0066cc12' },
      '.cm-cursor': { borderLeftColor: colour.text },
      '.cm-tooltip': { backgroundColor: colour.box, color: colour.text, border: `1px solid ${colour.boxEdge}` },
      '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: colour.info, color: colour.ground },
      '.cm-completionInfo': { maxWidth: '32em' },
      '&.cm-focused': { outline: `2px solid ${colour.select}` },
    },
    { dark: theme === 'dark' },
  );
}
