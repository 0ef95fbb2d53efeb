/** Fields of the wizards' forms, each with its label and what it means. */
import { Checkbox, FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core';
import { type ReactNode, useId } from 'react';

interface NumberFieldProps {
  label: string;
  value: number | undefined;
  /** Undefined where the field is empty. */
  onChange: (value: number | undefined) => void;
  help?: string;
  unit?: string;
  min?: number;
  max?: number;
  step?: number;
}

export function NumberField({ label, value, onChange, help, unit, min, max, step }: NumberFieldProps) {
  const id = useId();
  return (
    <FormGroup label={unit ? `${label} (${unit})` : label} fieldId={id}>
      <TextInput
        id={id}
        type="number"
        className="ist-number"
        value={value ?? ''}
        min={min}
        max={max}
        step={step ?? 'any'}
        onChange={(_event, text) => onChange(text === '' ? undefined : Number(text))}
      />
      {help && <Help>{help}</Help>}
    </FormGroup>
  );
}

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: string;
  placeholder?: string;
}

export function TextField({ label, value, onChange, help, placeholder }: TextFieldProps) {
  const id = useId();
  return (
    <FormGroup label={label} fieldId={id}>
      <TextInput
        id={id}
        value={value}
        placeholder={placeholder ?? ''}
        onChange={(_event, text) => onChange(text)}
        spellCheck={false}
        autoComplete="off"
      />
      {help && <Help>{help}</Help>}
    </FormGroup>
  );
}

/** Values with commas between them. */
export function ListField({ value, onChange, ...rest }: Omit<TextFieldProps, 'value' | 'onChange'> & ListProps) {
  return <TextField {...rest} value={value.text} onChange={(text) => onChange({ text, list: listOf(text) })} />;
}
interface ListProps {
  value: ListText;
  onChange: (value: ListText) => void;
}
/** What is written, and the values in it. */
export interface ListText {
  text: string;
  list: string[];
}
export const noList: ListText = { text: '', list: [] };
const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

export const Help = ({ children }: { children: ReactNode }) => (
  <FormHelperText>
    <HelperText>
      <HelperTextItem>{children}</HelperTextItem>
    </HelperText>
  </FormHelperText>
);

interface PartProps {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  help?: string;
  children: ReactNode;
}

/** A part of a form that may be left out. */
export function OptionalPart({ label, on, onChange, help, children }: PartProps) {
  const id = useId();
  return (
    <fieldset className="ist-fieldset">
      <legend className="pf-v6-screen-reader">{label}</legend>
      <Checkbox
        id={id}
        label={label}
        isChecked={on}
        {...(help ? { description: help } : {})}
        onChange={(_event, checked) => onChange(checked)}
      />
      {on && <div className="ist-fields">{children}</div>}
    </fieldset>
  );
}
