/** A text in YAML (or JSON, which is YAML too), to read or to write. */
import { later } from '../common/later.tsx';
import type { EditorProps } from './editor.tsx';

export const YamlEditor = later<EditorProps>(async () => (await import('./editor.tsx')).Editor);

/** A text to read. */
export const YamlView = ({ text, label }: { text: string; label: string }) => <YamlEditor text={text} label={label} />;
