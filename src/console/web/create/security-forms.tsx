/** Wizards for who may speak to workloads. */
import { FormGroup, Radio } from '@patternfly/react-core';
import { authorizationMistake, authorizationPolicy, mutualTls, type TlsMode } from '../../wizards/security.ts';
import { ListField, type ListText, noList, TextField } from './fields.tsx';
import { offers } from './offers.ts';
import { type FormProps, type Subject, wizard } from './wizard.ts';

interface Choice<V extends string> {
  value: V;
  text: string;
  told: string;
}

function Choices<V extends string>({
  label,
  choices,
  value,
  onChange,
}: {
  label: string;
  choices: Choice<V>[];
  value: V;
  onChange: (value: V) => void;
}) {
  return (
    <FormGroup label={label} role="radiogroup">
      {choices.map((one) => (
        <Radio
          key={one.value}
          id={`choice-${one.value}`}
          name={label}
          label={one.text}
          description={one.told}
          isChecked={one.value === value}
          onChange={() => onChange(one.value)}
        />
      ))}
    </FormGroup>
  );
}

/** The workloads of the service, or all of the namespace. */
const selectorOf = (subject: Subject): Record<string, string> | undefined => subject.service?.selector;
const nameOf = (subject: Subject): string => subject.service?.name ?? 'default';

const modes: Choice<TlsMode>[] = [
  { value: 'STRICT', text: 'Strict', told: 'Only mutual TLS is accepted; clients without a proxy are refused' },
  { value: 'PERMISSIVE', text: 'Permissive', told: 'Mutual TLS and plain text are accepted' },
  { value: 'DISABLE', text: 'Off', told: 'Only plain text is accepted; requests from other networks cannot arrive' },
];

export const tls = wizard<TlsMode>({
  ...offers.tls,
  start: (subject, present) => present.peers[nameOf(subject)]?.spec['mtls']?.mode ?? 'STRICT',
  Form: ({ state, onChange }) => <Choices label="What is accepted" choices={modes} value={state} onChange={onChange} />,
  build: (subject, state, present) =>
    mutualTls(
      { namespace: subject.namespace, selector: selectorOf(subject), name: nameOf(subject) },
      state,
      present.peers[nameOf(subject)],
    ),
  mistake: () => undefined,
});

interface AuthorizationState {
  name: string;
  action: 'ALLOW' | 'DENY';
  principals: ListText;
  namespaces: ListText;
  methods: ListText;
  paths: ListText;
}

const actions: Choice<'ALLOW' | 'DENY'>[] = [
  { value: 'ALLOW', text: 'Allow', told: 'What fits is let through; with an allowing policy all else is refused' },
  { value: 'DENY', text: 'Deny', told: 'What fits is refused, whatever other policies allow' },
];

const policyOf = (subject: Subject, { name, action, ...lists }: AuthorizationState) => ({
  name,
  action,
  namespace: subject.namespace,
  selector: selectorOf(subject),
  principals: lists.principals.list,
  namespaces: lists.namespaces.list,
  methods: lists.methods.list,
  paths: lists.paths.list,
});

export const authorization = wizard<AuthorizationState>({
  ...offers.authorization,
  start: (subject) => ({
    name: `${subject.service?.name ?? subject.namespace}-policy`,
    action: 'ALLOW',
    principals: noList,
    namespaces: noList,
    methods: noList,
    paths: noList,
  }),
  Form: AuthorizationForm,
  build: (subject, state) => authorizationPolicy(policyOf(subject, state)),
  mistake: (state, subject) => authorizationMistake(policyOf(subject, state)),
});

function AuthorizationForm({ state, onChange }: FormProps<AuthorizationState>) {
  const set = (change: Partial<AuthorizationState>): void => onChange({ ...state, ...change });
  return (
    <>
      <TextField label="Name" value={state.name} onChange={(name) => set({ name })} />
      <Choices label="Action" choices={actions} value={state.action} onChange={(action) => set({ action })} />
      <ListField
        label="From service accounts"
        placeholder="cluster.local/ns/sample/sa/curl"
        help="With commas between them; empty: whoever. The same name is meant in all clusters of the trust domain."
        value={state.principals}
        onChange={(principals) => set({ principals })}
      />
      <ListField
        label="From namespaces"
        placeholder="sample, shop"
        value={state.namespaces}
        onChange={(namespaces) => set({ namespaces })}
      />
      <ListField
        label="Methods"
        placeholder="GET, POST"
        value={state.methods}
        onChange={(methods) => set({ methods })}
      />
      <ListField label="Paths" placeholder="/hello, /api/*" value={state.paths} onChange={(paths) => set({ paths })} />
    </>
  );
}
