/** The way of one request, step by step, and what decides each. */
import {
  Alert,
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Explanation } from '../../api.ts';
import { getJson } from '../api/client.ts';
import { useServices, useWorkloads } from '../api/queries.ts';
import { Answer, Frame, Nothing } from '../common/answer.tsx';
import { Mark } from '../common/status.tsx';
import { useParam, useScope } from '../shell/scope.ts';
import { BranchView } from './branch-view.tsx';
import { DeviationList } from './deviations.tsx';
import { toneOfOutcome } from './tones.ts';

export function WhyPage() {
  const [from, setFrom] = useParam('from');
  const [to, setTo] = useParam('to');
  const asked = from !== '' && to !== '';
  const explanation = useQuery({
    queryKey: ['explain', from, to],
    queryFn: ({ signal }) => getJson<Explanation>('explain', { from, to }, signal),
    enabled: asked,
    retry: false,
    meta: { topics: ['config', 'pods', 'services', 'mesh'] },
  });
  return (
    <Frame
      title="Why"
      name="Why"
      description="Choose a client and a destination, and see the way a request takes and which objects decide it"
    >
      <Question
        key={`${from} ${to}`}
        from={from}
        to={to}
        asking={explanation.isFetching}
        onAsk={(nextFrom, nextTo) => {
          if (nextFrom === from && nextTo === to) void explanation.refetch();
          setFrom(nextFrom);
          setTo(nextTo);
        }}
      />
      {asked ? (
        <Answer of={explanation}>{(data) => <Explained explanation={data} />}</Answer>
      ) : (
        <Nothing title="No question yet">Choose a client, and write a destination as the client would.</Nothing>
      )}
    </Frame>
  );
}

interface QuestionProps {
  from: string;
  to: string;
  asking: boolean;
  onAsk: (from: string, to: string) => void;
}

function Question({ from, to, asking, onAsk }: QuestionProps) {
  const { scope } = useScope();
  const [client, setClient] = useState(from);
  const [destination, setDestination] = useState(to);
  const workloads = useWorkloads(scope).data?.workloads ?? [];
  const services = useServices(scope).data?.services ?? [];
  const hosts = [
    ...new Set(
      services.flatMap((service) => service.ports.map((port) => `${service.name}.${service.namespace}:${port.port}`)),
    ),
  ].sort();
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    onAsk(client.trim(), destination.trim());
  };
  return (
    <Form className="ist-question" onSubmit={ask}>
      <FormGroup label="Client" fieldId="why-from">
        <TextInput
          id="why-from"
          list="why-clients"
          value={client}
          placeholder="east/sample/curl"
          onChange={(_event, value) => setClient(value)}
        />
        <datalist id="why-clients">
          {workloads.map((workload) => (
            <option
              key={`${workload.cluster}/${workload.namespace}/${workload.name}`}
              value={`${workload.cluster}/${workload.namespace}/${workload.name}`}
            />
          ))}
        </datalist>
        <Help text="Cluster, namespace, and workload or pod" />
      </FormGroup>
      <FormGroup label="Destination" fieldId="why-to">
        <TextInput
          id="why-to"
          list="why-hosts"
          value={destination}
          placeholder="helloworld.sample:5000/hello"
          onChange={(_event, value) => setDestination(value)}
        />
        <datalist id="why-hosts">
          {hosts.map((host) => (
            <option key={host} value={host} />
          ))}
        </datalist>
        <Help text="Host, port and path, as the client writes them" />
      </FormGroup>
      <Button type="submit" isDisabled={client.trim() === '' || destination.trim() === ''} isLoading={asking}>
        Explain
      </Button>
    </Form>
  );
}

function Help({ text }: { text: string }) {
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem>{text}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  );
}

function Explained({ explanation }: { explanation: Explanation }) {
  return (
    <div className="ist-stack">
      <div className="ist-verdict">
        <Mark tone={toneOfOutcome[explanation.outcome]} text={explanation.summary} />
      </div>
      {explanation.unread.length > 0 && (
        <Alert variant="warning" isInline title="Some of it could not be read">
          <ul className="ist-plain-list">
            {explanation.unread.map((one) => (
              <li key={`${one.cluster} ${one.what}`}>
                {one.cluster}: {one.what}: {one.why}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <DeviationList deviations={explanation.deviations} />
      <BranchView branch={explanation.path} depth={0} />
    </div>
  );
}
