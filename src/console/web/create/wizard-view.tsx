/** One wizard: its form, the objects that it stands for, and their way into the clusters. */
import { Alert, Button, ClipboardCopy, Form, Grid, GridItem } from '@patternfly/react-core';
import { useState } from 'react';
import { stringify } from 'yaml';
import { useServerConfig } from '../api/queries.ts';
import { Failure, Waiting } from '../common/answer.tsx';
import { YamlView } from '../config/yaml-editor.tsx';
import { usePresent } from './present.ts';
import { Review } from './review.tsx';
import { type Targets, TargetsField } from './targets.tsx';
import type { AnyWizard, Present, Subject } from './wizard.ts';
import { keyOf, type Write } from './writes.ts';

interface WizardViewProps {
  wizard: AnyWizard;
  subject: Subject;
  targets: Targets;
}

export function WizardView({ wizard, subject, targets }: WizardViewProps) {
  const all = targets.offered.filter(({ api }) => api.reachable).map(({ name }) => name);
  const present = usePresent(all, subject);
  if (present.error) return <Failure error={present.error} again={() => void present.refetch()} />;
  if (!present.data) return <Waiting />;
  return <WizardForm wizard={wizard} subject={subject} targets={targets} present={present.data} />;
}

function WizardForm({ wizard, subject, targets, present }: WizardViewProps & { present: Record<string, Present> }) {
  const [chosen, setChosen] = useState(targets.meant.filter((name) => present[name]));
  const [state, setState] = useState(() => wizard.start(subject, present[chosen[0] ?? ''] ?? { peers: {} }));
  const [writes, setWrites] = useState<Write[]>();
  const allowEdit = useServerConfig().data?.allowEdit ?? false;
  const mistake =
    chosen.length === 0
      ? 'Choose a cluster to write into.'
      : chosen
          .map((cluster) => wizard.mistake(state, subject, present[cluster] ?? { peers: {} }))
          .find((one) => one !== undefined);
  const plan = mistake === undefined ? writesOf(wizard, subject, state, present, chosen) : [];
  if (writes) return <Review writes={writes} onBack={() => setWrites(undefined)} />;
  return (
    <Grid hasGutter>
      <GridItem lg={6}>
        <Form
          onSubmit={(event) => {
            event.preventDefault();
            if (mistake === undefined && allowEdit) setWrites(plan);
          }}
        >
          <wizard.Form state={state} onChange={setState} subject={subject} />
          <TargetsField targets={targets} namespace={subject.namespace} chosen={chosen} onChange={setChosen} />
          {mistake && <Alert variant="warning" isInline isPlain title={mistake} aria-live="polite" />}
          {allowEdit ? (
            <div className="ist-actions">
              <Button type="submit" isDisabled={mistake !== undefined}>
                Show what would change
              </Button>
            </div>
          ) : (
            <ReadOnly />
          )}
        </Form>
      </GridItem>
      <GridItem lg={6}>
        <YamlView text={textOf(plan)} label="The objects in YAML" />
      </GridItem>
    </Grid>
  );
}

function ReadOnly() {
  return (
    <Alert variant="info" isInline title="This console only reads">
      <p>
        Apply the YAML beside with kubectl, or start the console so that it may write; every change is then first shown
        as the API server sees it.
      </p>
      <ClipboardCopy isReadOnly isCode variant="inline-compact" hoverTip="Copy" clickTip="Copied">
        isthmus console --allow-edit
      </ClipboardCopy>
    </Alert>
  );
}

function writesOf(
  wizard: AnyWizard,
  subject: Subject,
  state: unknown,
  present: Record<string, Present>,
  clusters: string[],
): Write[] {
  return clusters.flatMap((cluster) => {
    const here = present[cluster] ?? { peers: {} };
    const known = [here.virtualService, here.destinationRule, ...Object.values(here.peers)];
    return wizard.build(subject, state, here).map((object) => ({
      key: keyOf(cluster, object),
      isNew: !known.some((one) => one?.kind === object.kind && one.metadata.name === object.metadata.name),
      text: stringify(object),
    }));
  });
}

/** Once where all clusters get the same. */
function textOf(writes: Write[]): string {
  const clusters = [...new Set(writes.map(({ key }) => key.cluster))];
  const texts = clusters.map((cluster) =>
    writes
      .filter(({ key }) => key.cluster === cluster)
      .map(({ text }) => text)
      .join('---\n'),
  );
  if (new Set(texts).size <= 1) return texts[0] ?? '';
  return texts.map((text, index) => `# ${clusters[index]}\n${text}`).join('---\n');
}
