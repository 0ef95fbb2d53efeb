/** The editor itself, with CodeMirror; pages use it through yaml-editor.tsx, by which it is fetched when it is needed. */
import type { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { IstioCheck } from '../../api.ts';
import { useTheme } from '../shell/theme.ts';
import { makeEditor, showFindings } from './codemirror.ts';
import { findingsIn } from './diagnostics.ts';
import type { Schema } from './schema-path.ts';

export interface EditorProps {
  text: string;
  label: string;
  checks?: IstioCheck[];
  schema?: Schema;
  original?: string;
  /** Without it the text can only be read. Called with each change; `text` need not be given back. */
  onChange?: (text: string) => void;
}

export function Editor({ text, label, checks, schema, original, onChange }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const theme = useTheme();
  const change = useRef(onChange);
  change.current = onChange;
  const readOnly = onChange === undefined;
  const written = useRef(text);

  // What is being written is kept when the look changes; a text from outside is put into the editor below.
  useEffect(() => {
    const editor = makeEditor(host.current!, {
      text: written.current,
      label,
      theme,
      readOnly,
      schema,
      original,
      onChange: (next) => {
        written.current = next;
        change.current?.(next);
      },
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label, theme, readOnly, schema, original]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || written.current === text) return;
    written.current = text;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    if (view.current && checks) showFindings(view.current, findingsIn(text, checks));
  }, [checks, text]);

  return <div ref={host} className="ist-editor" />;
}
