/** Wizards for where requests to a service go. */
import { Button, FormSelect, FormSelectOption, TextInput } from '@patternfly/react-core';
import { type Match, matchesMistake, requestRouting } from '../../wizards/request-routing.ts';
import { type Weight, weightsMistake } from '../../wizards/subsets.ts';
import { evenWeights, presentWeights, trafficShifting } from '../../wizards/traffic-shifting.ts';
import { offers } from './offers.ts';
import { WeightsField } from './weights-field.tsx';
import { type FormProps, type Subject, wizard } from './wizard.ts';

const versionsOf = (subject: Subject): string[] => subject.service?.versions ?? [];

export const shifting = wizard<Weight[]>({
  ...offers.shifting,
  start: (subject, present) => presentWeights(versionsOf(subject), present) ?? evenWeights(versionsOf(subject)),
  Form: ({ state, onChange }) => <WeightsField weights={state} onChange={onChange} />,
  build: (subject, state, present) => trafficShifting(subject.service!, state, present),
  mistake: (weights) => weightsMistake(weights),
});

interface Routing {
  matches: Match[];
  weights: Weight[];
}

export const routing = wizard<Routing>({
  ...offers.routing,
  start: (subject) => ({
    matches: [{ of: 'header', name: '', how: 'exact', value: '' }],
    weights: versionsOf(subject).map((version, index) => ({ version, weight: index === 0 ? 100 : 0 })),
  }),
  Form: RoutingForm,
  build: (subject, state, present) => requestRouting(subject.service!, state, present),
  mistake: ({ matches, weights }) => matchesMistake(matches) ?? weightsMistake(weights),
});

const matchable: { value: Match['of']; text: string }[] = [
  { value: 'header', text: 'Header' },
  { value: 'uri', text: 'Path' },
  { value: 'method', text: 'Method' },
  { value: 'authority', text: 'Host' },
];
const ways: { value: Match['how']; text: string }[] = [
  { value: 'exact', text: 'is' },
  { value: 'prefix', text: 'begins with' },
  { value: 'regex', text: 'matches' },
];

function RoutingForm({ state, onChange }: FormProps<Routing>) {
  const setMatch = (index: number, change: Partial<Match>): void =>
    onChange({ ...state, matches: state.matches.map((one, at) => (at === index ? { ...one, ...change } : one)) });
  return (
    <>
      <fieldset className="ist-fieldset">
        <legend>Requests that fit all of these</legend>
        {state.matches.map((match, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a match has no name of its own, and the list only grows and shrinks by hand.
          <div key={index} className="ist-match">
            <FormSelect
              aria-label={`Match ${index + 1}: what`}
              value={match.of}
              onChange={(_event, of) => setMatch(index, { of: of as Match['of'] })}
            >
              {matchable.map(({ value, text }) => (
                <FormSelectOption key={value} value={value} label={text} />
              ))}
            </FormSelect>
            {match.of === 'header' && (
              <TextInput
                aria-label={`Match ${index + 1}: name of the header`}
                placeholder="end-user"
                value={match.name ?? ''}
                onChange={(_event, name) => setMatch(index, { name })}
              />
            )}
            <FormSelect
              aria-label={`Match ${index + 1}: how`}
              value={match.how}
              onChange={(_event, how) => setMatch(index, { how: how as Match['how'] })}
            >
              {ways.map(({ value, text }) => (
                <FormSelectOption key={value} value={value} label={text} />
              ))}
            </FormSelect>
            <TextInput
              aria-label={`Match ${index + 1}: value`}
              value={match.value}
              onChange={(_event, value) => setMatch(index, { value })}
            />
            <Button
              variant="link"
              isDisabled={state.matches.length === 1}
              onClick={() => onChange({ ...state, matches: state.matches.filter((_, at) => at !== index) })}
              aria-label={`Take match ${index + 1} away`}
            >
              Remove
            </Button>
          </div>
        ))}
        <Button
          variant="link"
          isInline
          onClick={() => onChange({ ...state, matches: [...state.matches, { of: 'uri', how: 'prefix', value: '' }] })}
        >
          Add a match
        </Button>
      </fieldset>
      <WeightsField weights={state.weights} onChange={(weights) => onChange({ ...state, weights })} />
    </>
  );
}
